"""What becomes of a case whose outline a person corrects in a photo?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shapely import Polygon

from cases.chain import outline_hex
from cases.errors import DrawingError, NotPermittedError, TransitionError
from cases.lifecycle import Role, Stage
from cases.model import Case, Evidence
from cases.standing import Sight, Standing, as_said, told, told_assumed
from cases.updating import changes

DRAWN = "drawn"
"""Stands in the place of a model's digest where a person saw the object, not a model."""

REDRAW = "redraw"

DRAWING_ROLES = frozenset({Role.INSPECTOR, Role.ADMINISTRATOR})
DRAWING_STAGES = frozenset({Stage.REPORTED, Stage.ESTABLISHED})
"""Until a case is sent out; what others were told of it is not changed any more."""


@dataclass(frozen=True, slots=True)
class Draughtsman:
    """Who draws, as what and when."""

    actor: str
    role: Role
    now: datetime


@dataclass(frozen=True, slots=True)
class Ground:
    """Where on the ground a drawn outline lies.

    Attributes:
        polygon: lon/lat degrees.
        sigma_m: one standard deviation of its place along the worst direction.
    """

    polygon: Polygon
    sigma_m: float
    area_m2: float


@dataclass(frozen=True, slots=True)
class Stroke:
    """An outline of a case as a person drew it.

    Attributes:
        index: among the case's outlines in this photo.
        polygon_px: (x, y) pixels of the full picture.
        ground: None where the photo does not know from where it was taken.
    """

    patrol_id: str
    photo_id: str
    index: int
    polygon_px: Polygon
    ground: Ground | None


def score_of(case: Case) -> float | None:
    """How sure the model was, 0 to 1; None where a person drew what is there."""
    return None if case.model_sha256 == DRAWN else case.score


def refuse_drawing(case: Case, role: Role) -> None:
    """Refuse roles and stages in which nobody draws."""
    allowed = (REDRAW,) if case.stage in DRAWING_STAGES else ()
    if not allowed:
        raise TransitionError(case.case_no, case.stage, REDRAW, ())
    if role not in DRAWING_ROLES:
        raise NotPermittedError(case.case_no, REDRAW, role.value, ())


def redrawn(case: Case, standing: Standing, stroke: Stroke) -> tuple[Case, dict[str, Any]]:
    """The case with a corrected outline, and what the history tells of it.

    The person speaks for the patrol in whose photo it was drawn. Where the outline is that of what
    decided, its ground is the case's from then on, as far as no later patrol has seen the case.
    """
    known = _known(case, stroke)
    sight = standing.statements.get(stroke.patrol_id)
    if not isinstance(sight, Sight):
        raise DrawingError(f"case {case.case_no}: patrol {stroke.patrol_id} does not see it now")
    if stroke.ground is not None and known.class_name == case.class_name:
        sight = replace(sight, **looks_of(stroke.ground))
    corrected = replace(known, polygon_px=stroke.polygon_px)
    evidence = _renewed(case, stroke.patrol_id, {id(known): corrected})
    after = as_said(replace(case, evidence=evidence), standing.with_word(stroke.patrol_id, sight))
    details = {
        "patrol": stroke.patrol_id,
        "photo": stroke.photo_id,
        "class": known.class_name,
        "outline": [outline_hex(known.polygon_px), outline_hex(stroke.polygon_px)],
        DRAWN: True,
        **told_assumed(standing),
        **told(sight),
        "changes": changes(case, after),
    }
    return after, details


def _known(case: Case, stroke: Stroke) -> Evidence:
    key = (stroke.patrol_id, stroke.photo_id)
    outlines = [entry for entry in case.evidence if (entry.patrol_id, entry.photo_id) == key]
    if not 0 <= stroke.index < len(outlines):
        raise DrawingError(
            f"case {case.case_no} has {len(outlines)} outlines in photo {stroke.photo_id}, none "
            f"with index {stroke.index}; open the case again"
        )
    return outlines[stroke.index]


def _renewed(case: Case, patrol_id: str, instead: Mapping[int, Evidence]) -> tuple[Evidence, ...]:
    """Evidence of which all that is the patrol's comes anew, so that the set before stays whole."""
    return tuple(
        replace(instead.get(id(entry), entry), version=0) if entry.patrol_id == patrol_id else entry
        for entry in case.evidence
    )


def looks_of(ground: Ground) -> dict[str, Any]:
    """What a case looks like that lies there, by the names of its fields."""
    inside = ground.polygon.point_on_surface()
    return {
        "polygon": ground.polygon,
        "lon_deg": inside.x,
        "lat_deg": inside.y,
        "sigma_m": ground.sigma_m,
        "area_m2": ground.area_m2,
    }

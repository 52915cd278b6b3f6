"""The routes by which a person corrects an outline, or draws what the model has missed."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from shapely import Polygon, box

from cases.drawing import DRAWING_ROLES, DRAWN, Draughtsman, Ground, Stroke
from cases.errors import DrawingError, OutlineError, UnplacedError
from cases.filing import propose
from cases.judging import sigma_of
from cases.lifecycle import Role
from cases.model import Case, PatrolRecord
from geo.frames import LocalFrame
from review import answers
from review.admission import ClockOf, Data, Guest, Visitor
from review.blind import Blind, detail_of, real_version, seen_detail
from review.errors import MissingPhotoError, NotAllowedError
from review.ground import ground_below
from review.sources import ReviewData
from review.views import Name
from vision.associate import associate
from vision.classes import CLASS_NAMES
from vision.locate import locate
from vision.model import Detection, Frame, Observation

router = APIRouter(prefix="/api")

MOST_CORNERS = 300
_LEAST_AREA_PX = 4.0

Coordinate = Annotated[float, Field(ge=-1, le=100_000)]
Corners = Annotated[
    list[tuple[Coordinate, Coordinate]], Field(min_length=3, max_length=MOST_CORNERS)
]
Id = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class DrawnBody(BaseModel):
    """An outline in a photo, (x, y) pixels of the full picture; the last corner joins the first."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    patrol_id: Id
    photo_id: Id
    corners: Corners
    actor: Name | None = None
    role: Role | None = None


class OutlineBody(DrawnBody):
    """A corrected outline; `index` counts the case's outlines in this photo from 0."""

    version: Annotated[int, Field(ge=1)]
    index: Annotated[int, Field(ge=0)]


class MissedBody(DrawnBody):
    """What the model has missed."""

    class_name: Id


class ClassBody(BaseModel):
    """What a case shows, in the version that was seen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    class_name: Id
    version: Annotated[int, Field(ge=1)]
    actor: Name | None = None
    role: Role | None = None


@router.post("/cases/{case_no}/outline")
def post_outline(
    case_no: str, body: OutlineBody, data: Data, blind: Blind, clock: ClockOf, visitor: Guest
) -> answers.CaseDetail:
    """Correct an outline of the version of a case that was seen; the one before is kept."""
    version = real_version(data, blind, case_no, body.version)
    case = data.registry.case(case_no)
    role, frame = visitor.acts_as(body.role), _frame(data, visitor, body)
    known = [e for e in case.evidence if (e.patrol_id, e.photo_id) == _key(body)]
    if not body.index < len(known):
        raise DrawingError(f"index {body.index}: photo {body.photo_id} has {len(known)} outlines")
    seen = located(data, frame, known[body.index].class_name, _polygon(body, frame))
    ground = Ground(seen.polygon, sigma_of(seen), seen.area_m2) if seen else None
    stroke = Stroke(*_key(body), body.index, _polygon(body, frame), ground)
    data.registry.redraw(
        case_no,
        stroke,
        actor=visitor.signs(body.actor),
        role=role,
        expected_version=version,
        now=clock(),
    )
    return seen_detail(data, blind, case_no, role, clock())


@router.post("/cases/{case_no}/class")
def post_class(
    case_no: str, body: ClassBody, data: Data, blind: Blind, clock: ClockOf, visitor: Guest
) -> answers.CaseDetail:
    """Say that a case shows something else; 422 with `why` where no rule makes a case of that."""
    by = Draughtsman(visitor.signs(body.actor), visitor.acts_as(body.role), clock())
    refuse_unknown_class(body.class_name)
    version = real_version(data, blind, case_no, body.version)
    seen = _seen_as(data, data.registry.case(case_no), body.class_name)
    on = seen.seen_at.date() if seen.seen_at else None
    findings = propose([seen], data.rulebook, data.zones, on=on, cells=data.grid)
    data.registry.reclassify(case_no, findings, expected_version=version, by=by)
    return seen_detail(data, blind, case_no, by.role, by.now)


def refuse_unknown_class(class_name: str) -> None:
    """Refuse what no model and no rule knows."""
    if class_name not in CLASS_NAMES:
        raise DrawingError(f"class {class_name!r} is none of {', '.join(CLASS_NAMES)}")


def _seen_as(data: ReviewData, case: Case, class_name: str) -> Observation:
    """What decided a case, seen as something of another class in all its photos."""
    for entry in case.evidence:
        frame = data.photos.frame(entry.patrol_id, entry.photo_id)
        if entry.class_name != case.class_name or frame is None:
            continue
        seen = located(data, frame, class_name, entry.polygon_px)
        if seen is not None:
            outlines = {other.photo_id: other.polygon_px for other in case.evidence}
            return replace(seen, photo_ids=tuple(outlines), detections_px=tuple(outlines.values()))
    raise UnplacedError(f"no photo of case {case.case_no} that is here knows where it was taken")


@router.post("/drawings")
def post_drawing(
    body: MissedBody, data: Data, clock: ClockOf, visitor: Guest
) -> answers.CaseDetail:
    """Make a case, by the rules, of what a person drew in a photo."""
    role, now = visitor.acts_as(body.role), clock()
    if role not in DRAWING_ROLES:
        raise NotAllowedError(f"{role.value}: missed objects are drawn by inspectors")
    refuse_unknown_class(body.class_name)
    frame = _frame(data, visitor, body)
    seen = located(data, frame, body.class_name, _polygon(body, frame))
    if seen is None:
        raise UnplacedError(f"photo {body.photo_id} does not know from where it was taken")
    flown = frame.taken_at or now
    findings = propose([seen], data.rulebook, data.zones, on=flown.date(), cells=data.grid)
    patrol = PatrolRecord(
        body.patrol_id,
        flown,
        DRAWN,
        {frame.photo_id: frame.sha256},
        {frame.photo_id: frame.pose} if frame.pose else {},
        is_dated=frame.taken_at is not None,
    )
    by = Draughtsman(visitor.signs(body.actor), role, now)
    case = data.registry.draw(patrol, findings, rulebook=data.rulebook, by=by)
    return detail_of(data, case, role, now)


def _key(body: DrawnBody) -> tuple[str, str]:
    return body.patrol_id, body.photo_id


def _frame(data: ReviewData, visitor: Visitor, body: DrawnBody) -> Frame:
    """What is known of a photo that the visitor sees and that is still the one that was judged."""
    may_show = visitor.sees_all_photos or data.registry.shows(*_key(body))
    frame = data.photos.frame(*_key(body)) if may_show else None
    if frame is None:
        raise MissingPhotoError(*_key(body))
    if data.photos.sha256(*_key(body)) != frame.sha256:
        raise DrawingError(f"photo {body.photo_id} is gone or another file than the one judged")
    return frame


def _polygon(body: DrawnBody, frame: Frame) -> Polygon:
    polygon = Polygon(body.corners)
    picture = box(-0.5, -0.5, frame.width_px - 0.5, frame.height_px - 0.5)
    if not polygon.is_valid or polygon.area < _LEAST_AREA_PX:
        raise OutlineError("the outline crosses itself or has no area; draw it anew")
    if not picture.covers(polygon):
        raise OutlineError(f"the outline leaves photo {body.photo_id}; keep its corners inside")
    return polygon


def located(
    data: ReviewData, frame: Frame, class_name: str, polygon: Polygon
) -> Observation | None:
    """Put an outline on the ground as the pipeline does; None where the photo has no pose.

    Whether the terrain holds roofs is not known here, so heights are doubted as if it did not.
    """
    ground = data.terrain or ground_below(frame)
    place = frame.pose.position if frame.pose else None
    if ground is None or place is None:
        return None
    local = LocalFrame(place.lon_deg, place.lat_deg)
    detection = Detection(frame.photo_id, class_name, 1.0, polygon)
    sightings, failures = locate([detection], [frame], ground, local, terrain_has_roofs=False)
    for failure in failures:
        raise UnplacedError(f"the outline has no place on the ground: {failure.reason}")
    [seen] = associate(sightings, [frame], data.grid, local=local)
    return seen

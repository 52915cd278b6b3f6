"""What becomes of two cases that are one thing, and of one case that is two?

Pure: patrols have said what they saw, and a person arranges anew to which case that counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import shapely
from shapely import Point, Polygon

from cases.categories import Category, Words
from cases.drawing import DRAWING_ROLES, DRAWING_STAGES, Ground, looks_of
from cases.errors import ArrangementError, NotPermittedError, TransitionError
from cases.lifecycle import Role, Stage
from cases.model import Case, Evidence
from cases.rules import find_category
from cases.standing import Sight, Standing, Statement, as_said, heard, told_whole
from cases.updating import changes
from geo.frames import LocalFrame

MERGE, SPLIT, UNMERGE = "merge", "split", "unmerge"
MERGED_INTO = "merged_into"

NEAR_M = 200.0
"""Cases farther apart are not one thing."""

OutlineKey = tuple[str, str, int]
"""Patrol, photo, and which of the case's outlines in that photo, from 0."""


@dataclass(frozen=True, slots=True)
class Parting:
    """What of a case is something else.

    Attributes:
        outlines: that show the other thing.
        ground: where the other thing lies; None where no photo knows from where it was taken.
        left: where the rest lies, the same.
        why: what the rule says of the other thing by itself; none where its ground is not known.
        why_left: the same of the rest.
    """

    outlines: frozenset[OutlineKey]
    ground: Ground | None
    left: Ground | None
    why: tuple[Words, ...] = ()
    why_left: tuple[Words, ...] = ()


def distance_m(one: Case, other: Case) -> float:
    """How far the points of two cases are apart."""
    frame = LocalFrame(one.lon_deg, one.lat_deg)  # its origin is the point
    return float(frame.to_local(Point(other.lon_deg, other.lat_deg)).distance(Point(0, 0)))


def refuse_arranging(case: Case, action: str, role: Role) -> None:
    """Refuse roles and stages in which nobody arranges cases anew."""
    if case.stage not in DRAWING_STAGES:
        raise TransitionError(case.case_no, case.stage, action, ())
    if role not in DRAWING_ROLES:
        raise NotPermittedError(case.case_no, action, role.value, ())


def may_be_one(case: Case, other: Case, categories: Sequence[Category]) -> bool:
    """Whether two cases are of one kind and near enough."""
    kinds = {find_category(tuple(categories), entry.category).kind for entry in (case, other)}
    return len(kinds) == 1 and distance_m(case, other) <= NEAR_M


def merged(
    case: Case, standing: Standing, other: Case, absorbed: Standing
) -> tuple[Case, dict[str, Any]]:
    """The case with all that was seen of another, and what the history tells of it.

    What both say of one patrol is joined; what the patrol in question saw stays as arranged here,
    however often it is filed again.
    """
    after_standing = standing
    for patrol_id, said in absorbed.statements.items():
        joined = _joined(standing.statements.get(patrol_id), said)
        if joined is not None:
            after_standing = after_standing.with_word(patrol_id, joined)
    patrols = {entry.patrol_id for entry in other.evidence}
    drawn = standing.drawn | absorbed.drawn | patrols
    after_standing = replace(after_standing, drawn=drawn)
    own = (_anew(entry) if entry.patrol_id in patrols else entry for entry in case.evidence)
    evidence = (*own, *map(_anew, other.evidence))
    after = as_said(replace(case, evidence=evidence), after_standing)
    before = {**told_whole(standing), "shown": shown_of(case)}
    details = {"with": other.case_no, "before": before, **told_whole(after_standing)}
    return after, {**details, "changes": changes(case, after)}


def _joined(own: Statement | None, other: Statement | None) -> Statement | None:
    if not isinstance(other, Sight):
        return None
    if not isinstance(own, Sight):
        return other
    outline = shapely.unary_union([own.polygon, other.polygon])
    whole = outline if isinstance(outline, Polygon) else shapely.convex_hull(outline)
    assert isinstance(whole, Polygon), "areas have a hull with an area"
    area_m2 = float(LocalFrame.around(outline).to_local(outline).area)
    sigma_m = max(own.sigma_m, other.sigma_m)
    looks = looks_of(Ground(whole, sigma_m, area_m2))
    return replace(own, **looks, score=max(own.score, other.score))


def shown_of(case: Case) -> dict[str, int]:
    """Which version of a patrol's evidence counts, by patrol."""
    return {entry.patrol_id: entry.version for entry in case.evidence}


def unmerged(
    case: Case, standing: Standing, filed: Iterable[Evidence], before: Mapping[str, Any]
) -> tuple[Case, dict[str, Any]]:
    """The case as it was before a merge; `filed` is all evidence that it ever had."""
    known = {patrol_id for patrol_id, _ in before["stood"]}
    taken_back = [[name, {"retracted": True}] for name in standing.statements if name not in known]
    details = {"stood": [*before["stood"], *taken_back], "by_hand": before["by_hand"]}
    shown = before["shown"]
    evidence = tuple(entry for entry in filed if shown.get(entry.patrol_id) == entry.version)
    after = as_said(replace(case, evidence=evidence), heard(standing, details))
    return after, {**details, "changes": changes(case, after)}


@dataclass(frozen=True, slots=True)
class Parts:
    """A case taken apart, and what the history tells of each part.

    Attributes:
        rest: the case without what is something else.
        other: the new case, at version 0.
    """

    rest: Case
    told_of_rest: dict[str, Any]
    other: Case
    told_of_other: dict[str, Any]


def split(case: Case, standing: Standing, parting: Parting, case_no: str) -> Parts:
    """Take a case apart; the other part gets a number of its own and is reviewed anew.

    Raises:
        ArrangementError: nothing would be left of one part, or there is no such outline.
    """
    taken, kept = _parted(case, parting.outlines)
    patrols = {entry.patrol_id for entry in taken}
    remaining = {entry.patrol_id for entry in kept}
    theirs: dict[str, Statement | None] = {}
    ours = standing
    for patrol_id in patrols:
        sight = standing.statements.get(patrol_id)
        if not isinstance(sight, Sight):
            raise ArrangementError(f"case {case.case_no}: patrol {patrol_id} does not see it now")
        theirs[patrol_id] = _at(sight, parting.ground, parting.why)
        stays = _at(sight, parting.left, parting.why_left) if patrol_id in remaining else None
        ours = ours.with_word(patrol_id, stays)
    if not ours.sights():
        raise ArrangementError(f"case {case.case_no}: nobody would have seen what is left of it")
    ours = replace(ours, drawn=standing.drawn | patrols)
    left = tuple(_anew(entry) if entry.patrol_id in patrols else entry for entry in kept)
    rest = as_said(replace(case, evidence=left, why=parting.why_left or case.why), ours)
    others = Standing(theirs, drawn=frozenset(patrols))
    fresh = replace(case, case_no=case_no, stage=Stage.REPORTED, version=0, gone_at=None)
    other = as_said(replace(fresh, evidence=tuple(map(_anew, taken))), others)
    return Parts(
        rest,
        {"into": case_no, **told_whole(ours), "changes": changes(case, rest)},
        other,
        {"split_from": case.case_no, "patrol": other.patrol_id, **told_whole(others)},
    )


def _parted(
    case: Case, outlines: frozenset[OutlineKey]
) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """Evidence of the other thing, and of what is left."""
    keys = list(_keys(case.evidence))
    unknown = outlines.difference(keys)
    if unknown:
        patrol_id, photo_id, index = min(unknown)
        raise ArrangementError(
            f"case {case.case_no} has no outline {index} in photo {photo_id} of patrol "
            f"{patrol_id}; open the case again"
        )
    pairs = list(zip(keys, case.evidence, strict=True))
    taken = tuple(entry for key, entry in pairs if key in outlines)
    kept = tuple(entry for key, entry in pairs if key not in outlines)
    if not taken or not kept:
        raise ArrangementError(
            f"case {case.case_no}: choose some of its {len(pairs)} outlines, not none and not all"
        )
    return taken, kept


def _keys(evidence: Iterable[Evidence]) -> Iterable[OutlineKey]:
    counted: dict[tuple[str, str], int] = {}
    for entry in evidence:
        photo = entry.patrol_id, entry.photo_id
        counted[photo] = counted.get(photo, -1) + 1
        yield (*photo, counted[photo])


def _at(sight: Sight, ground: Ground | None, why: tuple[Words, ...]) -> Sight:
    looks = looks_of(ground) if ground else {}
    return replace(sight, **looks, why=why or sight.why)


def _anew(entry: Evidence) -> Evidence:
    return replace(entry, version=0)

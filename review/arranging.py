"""The routes by which inspectors let the cases of a place wait, and put together or take apart."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cases.categories import Words
from cases.deciding import DecidedTogether
from cases.drawing import Draughtsman, Ground
from cases.errors import DrawingError, StaleCaseError
from cases.joining import OutlineKey, Parting
from cases.judging import explain, sigma_of
from cases.lifecycle import Action, Role
from cases.model import Case, Evidence
from cases.passing import refuse_passing
from cases.snoozing import MOST_DAYS, MOST_RADIUS_M
from review import answers, presenters
from review.admission import ClockOf, Data, Guest, Visitor
from review.blind import (
    Blind,
    detail_of,
    judge,
    noted_version,
    real_version,
    seen,
    seen_cases,
    seen_detail,
)
from review.drawing import Id, located
from review.sources import ReviewData
from review.together import told
from review.views import Line, Name
from vision.model import Observation

router = APIRouter(prefix="/api")

Version = Annotated[int, Field(ge=1)]
CaseNo = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class _Body(BaseModel):
    """Who arranges which version of a case that was seen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    version: Version
    actor: Name | None = None
    role: Role | None = None


class SnoozeBody(_Body):
    """For how long and how far around a case its place is left alone, and why."""

    days: Annotated[float, Field(gt=0, le=MOST_DAYS)]
    radius_m: Annotated[float, Field(ge=0, le=MOST_RADIUS_M)] = 0.0
    reason: Line


class UnsureBody(_Body):
    """What somebody is not sure of, if they say."""

    note: Line = ""


class MergeBody(_Body):
    """The other case that is the same thing, as it was seen; it is rejected as a duplicate."""

    other: CaseNo
    other_version: Version


class OutlineBody(BaseModel):
    """One outline of a case; `index` counts the case's outlines in the photo from 0."""

    model_config = ConfigDict(extra="forbid")

    patrol_id: Id
    photo_id: Id
    index: Annotated[int, Field(ge=0)] = 0


class SplitBody(_Body):
    """The outlines that show something else."""

    outlines: Annotated[list[OutlineBody], Field(min_length=1, max_length=200)]


@router.post("/cases/{case_no}/snooze")
def post_snooze(
    case_no: str, body: SnoozeBody, data: Data, blind: Blind, clock: ClockOf, visitor: Guest
) -> answers.DecidedTogether:
    """Let a case wait, with those of its rule around it; new ones there make no case until then."""
    by = _by(body, visitor, clock)
    until = by.now + timedelta(days=body.days)
    shown = judge(
        data, blind, case_no, Action.SNOOZE, role=by.role, reason=body.reason,
        version=body.version, now=by.now,
    )  # fmt: skip
    if shown is None:
        done = data.registry.snooze(
            case_no,
            radius_m=body.radius_m,
            until=until,
            expected_version=body.version,
            reason=body.reason,
            by=by,
        )
        return told(done)
    beside = data.registry.snooze_beside(
        case_no, radius_m=body.radius_m, until=until, reason=body.reason, by=by
    )
    return told(DecidedTogether((shown.case, *beside.decided), beside.refused))


@router.post("/cases/{case_no}/unsure")
def post_unsure(
    case_no: str, body: UnsureBody, data: Data, blind: Blind, clock: ClockOf, visitor: Guest
) -> answers.CaseDetail:
    """Leave a case to others; it waits on, and who is not sure is not given it again."""
    by = _by(body, visitor, clock)
    shown = seen(data, blind, case_no)
    refuse_passing(shown.case if shown else data.registry.case(case_no), by.role)
    version = noted_version(data, blind, case_no, body.version)
    if shown is not None:
        data.looks.refuse_held(by.actor, case_no, by.now)
    data.registry.pass_on(case_no, note=body.note, expected_version=version, by=by)
    if shown is not None:
        data.looks.leave(by.actor, case_no)
    left = replace(blind, looks=data.looks.veils(by.actor, by.now)) if shown else blind
    return seen_detail(data, left, case_no, by.role, by.now)


@router.get("/cases/{case_no}/near")
def get_near(case_no: str, data: Data, blind: Blind) -> answers.NearCases:
    """List the cases that could be one with a case, the nearest first."""
    near = data.registry.near(case_no, data.rulebook.categories)
    shown = seen_cases(data, blind, near)
    return answers.NearCases([presenters.case_item(case) for case in shown])


@router.post("/cases/{case_no}/merge")
def post_merge(
    case_no: str, body: MergeBody, data: Data, blind: Blind, clock: ClockOf, visitor: Guest
) -> answers.Merged:
    """Give a case all that was seen of another; to undo the other's rejection sets both back."""
    by = _by(body, visitor, clock)
    if body.other in blind.looks:  # it would be decided on for good, as a duplicate
        raise StaleCaseError(body.other, body.other_version, body.other_version + 1)
    data.registry.merge(
        case_no,
        body.other,
        versions=(real_version(data, blind, case_no, body.version), body.other_version),
        categories=data.rulebook.categories,
        by=by,
    )
    other = data.registry.case(body.other)
    return answers.Merged(
        seen_detail(data, blind, case_no, by.role, by.now), presenters.case_item(other)
    )


@router.post("/cases/{case_no}/split")
def post_split(
    case_no: str, body: SplitBody, data: Data, blind: Blind, clock: ClockOf, visitor: Guest
) -> answers.CaseDetail:
    """Make a new case, which is answered, of outlines that show something else."""
    by = _by(body, visitor, clock)
    version = real_version(data, blind, case_no, body.version)
    case = data.registry.case(case_no)
    keys = {(one.patrol_id, one.photo_id, one.index) for one in body.outlines}
    parting = _parting(data, case, frozenset(keys))
    _, other = data.registry.split(case_no, parting, expected_version=version, by=by)
    return detail_of(data, other, by.role, by.now)


def _by(body: _Body, visitor: Visitor, clock: ClockOf) -> Draughtsman:
    return Draughtsman(visitor.signs(body.actor), visitor.acts_as(body.role), clock())


def _parting(data: ReviewData, case: Case, outlines: frozenset[OutlineKey]) -> Parting:
    """Where both parts lie, by the best outline of each whose photo is known here."""
    taken: list[Evidence] = []
    kept: list[Evidence] = []
    counted: dict[tuple[str, str], int] = {}
    for entry in case.evidence:
        photo = entry.patrol_id, entry.photo_id
        counted[photo] = counted.get(photo, -1) + 1
        (taken if (*photo, counted[photo]) in outlines else kept).append(entry)
    other, rest = _seen(data, case, taken), _seen(data, case, kept)
    return Parting(
        outlines,
        _ground(other),
        _ground(rest),
        _why(data, case, other, taken),
        _why(data, case, rest, kept),
    )


def _seen(data: ReviewData, case: Case, evidence: list[Evidence]) -> Observation | None:
    for entry in evidence:
        frame = data.photos.frame(entry.patrol_id, entry.photo_id)
        if entry.class_name != case.class_name or frame is None:
            continue
        try:
            seen = located(data, frame, entry.class_name, entry.polygon_px)
        except DrawingError:
            continue  # beyond the horizon of this photo; another may show it better
        if seen is not None:
            return seen
    return None


def _ground(seen: Observation | None) -> Ground | None:
    return Ground(seen.polygon, sigma_of(seen), seen.area_m2) if seen else None


def _why(
    data: ReviewData, case: Case, seen: Observation | None, evidence: list[Evidence]
) -> tuple[Words, ...]:
    """How the case was found and what its rule says of a part.

    Nothing where the ground of the part or the rule is not known.
    """
    if seen is None:
        return ()
    photos = tuple(dict.fromkeys(entry.photo_id for entry in evidence))
    part = replace(seen, photo_ids=photos, score=case.score)
    on = seen.seen_at.date() if seen.seen_at else None
    for rule, verdict in explain(part, data.rulebook, data.zones, on):
        if rule.id == case.rule_id:
            return *case.why[:1], *verdict.why
    return ()

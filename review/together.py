"""The route by which many cases are decided together."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cases.deciding import DecidedTogether, Decision
from cases.errors import (
    CaseClaimedError,
    CaseError,
    ReasonMissingError,
    StaleCaseError,
    UnknownCaseError,
)
from cases.lifecycle import Action, Role
from cases.model import Case
from review import answers, presenters
from review.admission import ClockOf, Data, Guest
from review.blind import Blind, Blindfold, LookShares, judge
from review.decisions import written_reason
from review.sources import ReviewData
from review.views import Line, Name

router = APIRouter(prefix="/api")

MOST_TOGETHER = 200

_Why = Literal["unknown", "held", "changed", "not_allowed", "no_reason"]
_WHY: tuple[tuple[type[CaseError], _Why], ...] = (
    (UnknownCaseError, "unknown"),
    (CaseClaimedError, "held"),
    (StaleCaseError, "changed"),
    (ReasonMissingError, "no_reason"),
)


class SeenCase(BaseModel):
    """A case in the version that was seen."""

    model_config = ConfigDict(extra="forbid")

    no: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    version: Annotated[int, Field(ge=1)]


class TogetherBody(BaseModel):
    """One decision on many cases; who and in which role as for one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    decision: Literal["confirm", "reject", "reopen", "undo", "assign"]
    cases: Annotated[list[SeenCase], Field(min_length=1, max_length=MOST_TOGETHER)]
    actor: Name | None = None
    role: Role | None = None
    reason: Line = ""
    note: Line = ""


@router.post("/decisions")
def post_decisions(
    body: TogetherBody,
    request: Request,
    data: Data,
    blind: Blind,
    clock: ClockOf,
    visitor: Guest,
) -> answers.DecidedTogether:
    """Decide on many cases in one transaction; what could not be decided is told, case by case.

    Those that the visitor judges once more follow one by one.
    """
    action = Action(body.decision)
    reason = written_reason(action, body.reason, body.note)
    actor, role, now = visitor.signs(body.actor), visitor.acts_as(body.role), clock()
    versions = {case.no: case.version for case in body.cases}
    shares: LookShares = request.app.state.look_shares
    done = data.registry.decide_all(
        {no: version for no, version in versions.items() if no not in blind.looks},
        action,
        actor=actor,
        role=role,
        reason=reason,
        now=now,
        look_share=shares.second,
    )
    judged = _judged(data, blind, versions, Decision(action, actor, role, reason, now))
    return told(joined(done, judged, list(versions)))


def _judged(
    data: ReviewData, blind: Blindfold, versions: Mapping[str, int], decision: Decision
) -> DecidedTogether:
    """Decide on the cases of these that the visitor judges once more."""
    decided: list[Case] = []
    refused: dict[str, CaseError] = {}
    for case_no in (number for number in versions if number in blind.looks):
        try:
            shown = judge(
                data,
                blind,
                case_no,
                Action(decision.action),
                role=decision.role,
                reason=decision.reason,
                version=versions[case_no],
                now=decision.now,
            )
        except CaseError as error:
            refused[case_no] = error
        else:
            assert shown is not None, "they are among those that are judged once more"
            decided.append(shown.case)
    return DecidedTogether(tuple(decided), refused)


def joined(one: DecidedTogether, other: DecidedTogether, order: list[str]) -> DecidedTogether:
    """What became of all, in the order in which they were named."""
    decided = sorted((*one.decided, *other.decided), key=lambda case: order.index(case.case_no))
    refused = {**one.refused, **other.refused}
    return DecidedTogether(
        tuple(decided), {number: refused[number] for number in order if number in refused}
    )


def told(done: DecidedTogether) -> answers.DecidedTogether:
    """Present what became of cases that were decided together."""
    return answers.DecidedTogether(
        [presenters.case_item(case) for case in done.decided],
        [answers.Refused(no, _why(error), str(error)) for no, error in done.refused.items()],
    )


def _why(error: CaseError) -> _Why:
    return next((why for kind, why in _WHY if isinstance(error, kind)), "not_allowed")

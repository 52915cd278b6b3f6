"""The route by which many cases are decided together."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cases.deciding import DecidedTogether
from cases.errors import (
    CaseClaimedError,
    CaseError,
    ReasonMissingError,
    StaleCaseError,
    UnknownCaseError,
)
from cases.lifecycle import Action, Role
from review import answers, presenters
from review.admission import ClockOf, Data, Guest
from review.blind import Blind, Blindfold, LookShares, blind_item, judge
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
    """Decide on many cases in one transaction; what could not be decided is told, case by case."""
    action = Action(body.decision)
    reason = written_reason(action, body.reason, body.note)
    versions = {case.no: case.version for case in body.cases}
    judged = _judged(data, blind, versions, action, reason, clock())
    shares: LookShares = request.app.state.look_shares
    done = data.registry.decide_all(
        {no: version for no, version in versions.items() if no not in judged},
        action,
        actor=visitor.signs(body.actor),
        role=visitor.acts_as(body.role),
        reason=reason,
        now=clock(),
        look_share=shares.second,
    )
    answer = told(done)
    return replace(answer, decided=[*answer.decided, *judged.values()])


def _judged(
    data: ReviewData,
    blind: Blindfold,
    case_nos: Iterable[str],
    action: Action,
    reason: str,
    now: datetime,
) -> dict[str, answers.CaseItem]:
    """Cases of these that the visitor judged once more, or took that back."""
    judged = {}
    for case_no in case_nos:
        look = judge(data, blind, case_no, action, reason, now)
        if look is not None:
            judged[case_no] = blind_item(data.registry.case(case_no), look)
    return judged


def told(done: DecidedTogether) -> answers.DecidedTogether:
    """Present what became of cases that were decided together."""
    return answers.DecidedTogether(
        [presenters.case_item(case) for case in done.decided],
        [answers.Refused(no, _why(error), str(error)) for no, error in done.refused.items()],
    )


def _why(error: CaseError) -> _Why:
    return next((why for kind, why in _WHY if isinstance(error, kind)), "not_allowed")

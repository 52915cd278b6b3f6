"""The routes by which an inspector takes a case, so that nobody else reviews it meanwhile."""

from datetime import datetime, timedelta
from random import SystemRandom
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from cases.errors import CaseClaimedError, LookError
from cases.lifecycle import Stage
from cases.listing import Order
from cases.model import Claim
from review import answers, presenters
from review.admission import ClockOf, Data, Reviewer
from review.blind import Blind, Blindfold, LookShares
from review.memo import Memo
from review.sources import ReviewData
from review.veils import page_of
from review.views import Name

router = APIRouter(prefix="/api")

_CHANCE = SystemRandom()
"""Nobody foresees when a case with a known answer comes."""

Minutes = Annotated[int, Field(ge=1, le=240)]


class ClaimBody(BaseModel):
    """Who takes a case, and for how long."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    actor: Name | None = None
    minutes: Minutes = 10


class NextBody(ClaimBody):
    """Which case is taken: the first of a choice in an order, after the one that is passed over."""

    stage: Stage = Stage.REPORTED
    category: str | None = None
    cell: str | None = None
    order: Order = "urgency"
    after: str | None = None


class ReleaseBody(BaseModel):
    """Who gives a case back."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    actor: Name | None = None


@router.post(
    "/claims/next",
    response_model=answers.Claim,
    responses={204: {"description": "nothing is free"}},
)
def post_next(
    body: NextBody,
    request: Request,
    data: Data,
    blind: Blind,
    clock: ClockOf,
    visitor: Reviewer,
) -> answers.Claim | Response:
    """Take the first case of the queue that nobody else works on; 204 when there is none."""
    now = clock()
    wake_due(request, data, now)
    who, until = visitor.signs(body.actor), now + timedelta(minutes=body.minutes)
    is_choice = _is_choice(body)
    if is_choice:
        look = _listed_look(body, data, blind, now, until)
    else:
        look = _look_for(request, body, data, blind, now, until)
    if look is not None:
        return presenters.claim_answer(look)
    claim = data.registry.claim_next(
        who,
        until=until,
        now=now,
        stage=body.stage,
        category=body.category,
        cell=body.cell,
        order=body.order,
        after=body.after if is_choice or body.after not in blind.looks else None,
    )
    return presenters.claim_answer(claim) if claim else Response(status_code=204)


def _is_choice(body: NextBody) -> bool:
    """Whether somebody wants other cases than those that come by themselves, or another order."""
    filtered = body.stage is not Stage.REPORTED or body.category or body.cell
    return bool(filtered or body.order != "urgency")


def _listed_look(
    body: NextBody, data: ReviewData, blind: Blindfold, now: datetime, until: datetime
) -> Claim | None:
    """A decided case to judge once more, where the list that was chosen begins with it."""
    if not blind.looks:
        return None
    where = {"category": body.category, "cell": body.cell}
    listed = page_of(
        data, blind, stage=[body.stage], order=body.order, after=body.after, limit=1, **where
    ).cases
    look = blind.looks.get(listed[0].case_no) if listed else None
    if look is None or look.passed_by == blind.who:
        return None
    try:
        return data.looks.hold(blind.who, look.case_no, until=until, now=now)
    except (CaseClaimedError, LookError):
        return None  # somebody else judges it, or has just done so


def _look_for(
    request: Request,
    body: NextBody,
    data: ReviewData,
    blind: Blindfold,
    now: datetime,
    until: datetime,
) -> Claim | None:
    """A decided case to judge once more, where nothing urgent waits."""
    shares: LookShares = request.app.state.look_shares
    wants_control = bool(blind.who) and _CHANCE.random() < shares.control
    if body.after in blind.looks or not (blind.looks or wants_control):
        return None
    if presenters.summary(data.registry.counts(), data.rulebook).urgent:
        return None
    look = data.looks.next_for(blind.who, until=until, now=now, wants_control=wants_control)
    return Claim(look.case_no, blind.who, until) if look else None


def wake_due(request: Request, data: ReviewData, now: datetime) -> None:
    """Put cases whose snooze has ended back into the queue; looked for once a minute."""
    woken: Memo = request.app.state.woken
    woken.get("woken", now.replace(second=0, microsecond=0), lambda: data.registry.wake_due(now))


@router.post("/cases/{case_no}/claim")
def post_claim(
    case_no: str, body: ClaimBody, data: Data, blind: Blind, clock: ClockOf, visitor: Reviewer
) -> answers.Claim:
    """Take a case; 423 when somebody else works on it."""
    now = clock()
    until = now + timedelta(minutes=body.minutes)
    if case_no in blind.looks:
        held = data.looks.hold(visitor.signs(body.actor), case_no, until=until, now=now)
        return presenters.claim_answer(held)
    return presenters.claim_answer(
        data.registry.claim(case_no, visitor.signs(body.actor), until=until, now=now)
    )


@router.post("/cases/{case_no}/renew")
def post_renew(
    case_no: str, body: ClaimBody, data: Data, blind: Blind, clock: ClockOf, visitor: Reviewer
) -> answers.Claim:
    """Hold a case for longer; 409 when the claim has run out."""
    now = clock()
    until = now + timedelta(minutes=body.minutes)
    if case_no in blind.looks:
        held = data.looks.renew(visitor.signs(body.actor), case_no, until=until, now=now)
        return presenters.claim_answer(held)
    return presenters.claim_answer(
        data.registry.renew(case_no, visitor.signs(body.actor), until=until, now=now)
    )


@router.post("/cases/{case_no}/release", status_code=204)
def post_release(
    case_no: str, body: ReleaseBody, data: Data, blind: Blind, visitor: Reviewer
) -> None:
    """Give a case back; one that was not held is none."""
    if case_no in blind.looks:
        return data.looks.leave(visitor.signs(body.actor), case_no)
    data.registry.release(case_no, visitor.signs(body.actor))

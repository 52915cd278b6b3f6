"""The stream of what happens: server-sent events that go on where they were broken off."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from cases.accounts import token_hash
from cases.errors import SignInError
from cases.people import Area
from dispatch.news import Batch, Place
from dispatch.wording import event_words
from review.admission import Bearer, Clock, ClockOf, Visitor, entrance_of, identify
from review.answers import Label
from review.audience import Audience
from review.bell import Bell
from review.errors import FullError
from review.walls import Walls

MOST_STREAMS = 500
"""So many pages may listen at once; more of them ask again later, and go on where they were."""
BATCH = 200
ASK_AGAIN_S = 15.0
"""So often a stream without news looks whether its person may still listen."""

router = APIRouter(prefix="/api")

_PLACE = re.compile(r"(\d{1,18})\.(\d{1,18})")


class CaseNews(BaseModel):
    """An entry of the history of a case, with what the case is now."""

    seq: int
    at: datetime
    actor: str
    action: str
    no: str
    category: str
    class_name: str
    stage: str
    urgency: int
    cell_code: str
    town: str
    village: str


class AlertNews(BaseModel):
    """Something that people are told of."""

    event: str
    event_label: Label
    category: str
    cell: str
    cases: tuple[str, ...]
    at: datetime


def require_room(request: Request) -> None:
    """Let no more pages listen than there is room for."""
    bell: Bell = request.app.state.bell
    if bell.listeners >= MOST_STREAMS:
        raise FullError(f"{MOST_STREAMS} pages listen for news already; ask again in a minute")


@router.get("/events", response_class=EventSourceResponse, dependencies=[Depends(require_room)])
async def get_events(
    request: Request,
    clock: ClockOf,
    bearer: Bearer,
    after: Annotated[str | None, Query(description="`id` of the last event known")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Tell what happens to the cases of one's area, as it happens.

    `hello` says from where on, `case` is an entry of the history, `alert` something that people
    are told of. Each has an `id`; whoever names the last one gets all that came after it.
    """
    bell: Bell = request.app.state.bell
    walls: Walls = request.app.state.walls
    place = _place_of(last_event_id or after)
    if place is None:
        place = await run_in_threadpool(walls.everything.news.place)
    yield ServerSentEvent(event="hello", id=_written(place), data={"at": clock()})
    has_rung = False
    while not bell.is_closed:
        try:
            visitor = await _listening(request, clock, bearer, at_look=has_rung)
        except SignInError:
            return  # asked again, the page learns that the session has ended
        told = await _next(request, visitor.area, place)
        for event in told.events:
            yield event
        place = told.place
        has_rung = await bell.wait(place, ASK_AGAIN_S) if told.is_all else False


@dataclass(frozen=True, slots=True)
class Told:
    """What people of an area are told next, ready to be sent, and up to where they know all then.

    Attributes:
        is_all: there is nothing more yet.
    """

    events: tuple[ServerSentEvent, ...]
    place: Place
    is_all: bool


async def _listening(
    request: Request,
    clock: Clock,
    bearer: HTTPAuthorizationCredentials | None,
    *,
    at_look: bool,
) -> Visitor:
    """Find out whether who listens still may; where the bell rang, once for all who heard it.

    Raises:
        SignInError: the session or token has ended.
    """
    entrance, bell = entrance_of(request), request.app.state.bell
    if bearer is not None or not at_look or not entrance.asks_who:
        return await run_in_threadpool(identify, request, entrance, clock(), bearer)
    audience: Audience = request.app.state.audience
    people = await audience.get("people", bell.looks, lambda: entrance.accounts.signed_in(clock()))
    account = people.get(token_hash(request.cookies.get(entrance.cookie, "")))
    if account is None:
        raise SignInError("the session has ended; sign in again")
    return Visitor(account)


async def _next(request: Request, area: Area, place: Place) -> Told:
    """Read what comes next in an area; most who listen know the same, so it is read once."""
    walls: Walls = request.app.state.walls
    audience: Audience = request.app.state.audience
    news = walls.within(area).data.news
    bell: Bell = request.app.state.bell

    def read() -> Told:
        batch = news.after(place, BATCH)
        is_all = len(batch.changes) < BATCH and len(batch.notices) < BATCH
        return Told(tuple(_told(batch, place)), batch.place, is_all)

    return await audience.get((area, place), bell.seen, read)


def _told(batch: Batch, place: Place) -> Iterator[ServerSentEvent]:
    """Changes, then notices; each event's id is the place that is known with it."""
    for change in batch.changes:
        told = {("no" if name == "case_no" else name): v for name, v in asdict(change).items()}
        place = Place(change.seq, place.notice_id)
        data = CaseNews(**told).model_dump_json()
        yield ServerSentEvent(event="case", id=_written(place), raw_data=data)
    for notice in batch.notices:
        place = Place(place.seq, notice.notice_id)
        words = event_words(notice.event)
        news = AlertNews(
            event=notice.event,
            event_label=Label(words.en, words.zh),
            category=notice.category,
            cell=notice.cell_code,
            cases=notice.case_nos,
            at=notice.created_at,
        )
        data = news.model_dump_json()
        yield ServerSentEvent(event="alert", id=_written(place), raw_data=data)


def _place_of(text: str | None) -> Place | None:
    """Read the id of an event; None where nobody named one, or none that we gave."""
    found = _PLACE.fullmatch(text or "")
    return Place(int(found[1]), int(found[2])) if found else None


def _written(place: Place) -> str:
    return f"{place.seq}.{place.notice_id}"

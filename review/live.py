"""The stream of what happens: server-sent events that go on where they were broken off."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from cases.errors import SignInError
from dispatch.news import Batch, Place
from dispatch.wording import event_words
from review.admission import Bearer, Clock, ClockOf, entrance_of, identify
from review.answers import Label
from review.bell import Bell
from review.errors import FullError
from review.memo import Memo
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
    while not bell.is_closed:
        try:
            batch = await run_in_threadpool(_read, request, clock, bearer, place)
        except SignInError:
            return  # asked again, the page learns that the session has ended
        for event in _told(batch, place):
            yield event
        is_all = len(batch.changes) < BATCH and len(batch.notices) < BATCH
        place = batch.place
        if is_all:
            await bell.wait(place, ASK_AGAIN_S)


def _read(
    request: Request,
    clock: Clock,
    bearer: HTTPAuthorizationCredentials | None,
    place: Place,
) -> Batch:
    """Read what comes next for who listens, as far as the area goes that is theirs now.

    Most who listen know the same, so that it is read once for all of an area.
    """
    visitor = identify(request, entrance_of(request), clock(), bearer)
    walls: Walls = request.app.state.walls
    bell: Bell = request.app.state.bell
    news = walls.within(visitor.area).data.news
    told: Memo = request.app.state.told
    return told.get((visitor.area, place), bell.seen, lambda: news.after(place, BATCH))


def _told(batch: Batch, place: Place) -> Iterator[ServerSentEvent]:
    """Changes, then notices; each event's id is the place that is known with it."""
    for change in batch.changes:
        told = {("no" if name == "case_no" else name): v for name, v in asdict(change).items()}
        place = Place(change.seq, place.notice_id)
        yield ServerSentEvent(event="case", id=_written(place), data=CaseNews(**told))
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
        yield ServerSentEvent(event="alert", id=_written(place), data=news)


def _place_of(text: str | None) -> Place | None:
    """Read the id of an event; None where nobody named one, or none that we gave."""
    found = _PLACE.fullmatch(text or "")
    return Place(int(found[1]), int(found[2])) if found else None


def _written(place: Place) -> str:
    return f"{place.seq}.{place.notice_id}"

"""The stream of what happens: server-sent events that go on where they were broken off."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.sse import KEEPALIVE_COMMENT, ServerSentEvent, format_sse_event
from starlette.concurrency import run_in_threadpool

from cases.account_rows import token_hash
from cases.errors import RegistryError, SignInError
from cases.looks import veils
from dispatch.news import Place
from review.admission import Bearer, Clock, ClockOf, Visitor, entrance_of, identify
from review.audience import Audience
from review.bell import Bell
from review.blind import Blindfold, looks_blindly
from review.errors import FullError
from review.telling import News, place_of, written
from review.walls import Walls

MOST_STREAMS = 500
"""So many pages may listen at once; more of them ask again later, and go on where they were."""
BATCH = 200
ASK_AGAIN_S = 15.0
"""So often a stream without news looks whether its person may still listen."""

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Nothing on the way may keep news back; the second says so to nginx."""

_log = logging.getLogger(__name__)

router = APIRouter(prefix="/api")


class EventStream(StreamingResponse):
    """Server-sent events.

    Not FastAPI's: that one fails, and says so at length, where a page is closed while news are on
    their way to it.
    """

    media_type = "text/event-stream"


def require_room(request: Request) -> None:
    """Let no more pages listen than there is room for."""
    bell: Bell = request.app.state.bell
    if bell.listeners >= MOST_STREAMS:
        raise FullError(f"{MOST_STREAMS} pages listen for news already; ask again in a minute")


@router.get("/events", response_class=EventStream, dependencies=[Depends(require_room)])
async def get_events(
    request: Request,
    clock: ClockOf,
    bearer: Bearer,
    after: Annotated[str | None, Query(description="`id` of the last event known")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """Tell what happens to the cases of one's area, as it happens.

    `hello` says from where on, `case` is an entry of the history, `alert` something that people
    are told of. Each has an `id`; whoever names the last one gets all that came after it.
    """
    walls: Walls = request.app.state.walls
    place = place_of(last_event_id or after)
    if place is None:
        place = await run_in_threadpool(walls.everything.news.place)
    return EventStream(_stream(request, clock, bearer, place), headers=_HEADERS)


async def _stream(
    request: Request, clock: Clock, bearer: HTTPAuthorizationCredentials | None, place: Place
) -> AsyncIterator[bytes]:
    """What is sent; it ends with the session, and where the registry cannot be read for now."""
    hello = json.dumps({"at": clock().isoformat()})
    yield _sent(ServerSentEvent(event="hello", id=written(place), raw_data=hello))
    bell: Bell = request.app.state.bell
    has_rung = False
    while not bell.is_closed:
        try:
            visitor = await _listening(request, clock, bearer, at_look=has_rung)
            told = await _next(request, visitor, clock(), place)
        except SignInError:
            return  # asked again, the page learns that the session has ended
        except RegistryError as error:  # asked again, it goes on where it was
            _log.warning("a page is to ask for news again: %s", error)
            return
        for event in told.events:
            yield _sent(event)
        if not told.events:
            yield KEEPALIVE_COMMENT
        place = told.place
        has_rung = await bell.wait(place, ASK_AGAIN_S) if told.is_all else False


def _sent(event: ServerSentEvent) -> bytes:
    return format_sse_event(data_str=event.raw_data, event=event.event, id=event.id)


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


async def _next(request: Request, visitor: Visitor, now: datetime, place: Place) -> Told:
    """Read what comes next for a visitor; most who listen know the same, so it is read once."""
    walls: Walls = request.app.state.walls
    audience: Audience = request.app.state.audience
    data = walls.within(visitor.area).data
    bell: Bell = request.app.state.bell

    def read() -> tuple[News, bool]:
        batch = data.news.after(place, BATCH)
        is_all = len(batch.changes) < BATCH and len(batch.notices) < BATCH
        return News(batch, place), is_all

    news, is_all = await audience.get((visitor.area, place), bell.seen, read)
    if not looks_blindly(visitor):
        return Told(news.events, news.place, is_all)
    standing = await audience.get("looks", bell.seen, lambda: data.looks.standing(now))
    blind = Blindfold(visitor.signs(None), veils(standing, visitor.signs(None), now))
    return Told(tuple(news.seen_by(blind)), news.place, is_all)

"""The routes of patrols: what was planned, simulated and flown, and a live track of what flies."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from shapely.geometry.base import BaseGeometry
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from cases.errors import RegistryError, SignInError
from review import presenters
from review.admission import Data, Guest, Visitor, entrance_of, identify
from review.bell import Bell
from review.errors import NotAllowedError, UnknownLayerError
from review.flights import FlightShelf, LiveFlight, SortieState
from review.memo import MemoOf
from review.patrolled import gaps_of, seen_shares
from review.sources import ReviewData

EVERY_S = 1.0
ASK_AGAIN = 15  # looks, after which it is asked whether the person may still listen
_NOT_ADMITTED = 1008  # RFC 6455, 7.4.1: a policy was violated

router = APIRouter(prefix="/api")


class FlownAnswer(BaseModel):
    """How one flight of a sortie ended."""

    name: str
    completed: bool
    problem: str | None
    photos: int
    photos_planned: int
    duration_s: float
    battery_share: float | None
    troubles: tuple[str, ...]


class SimulatedAnswer(BaseModel):
    """What simulated flights of a sortie came to; of an earlier file where it was changed since."""

    passed: bool
    is_of_this_file: bool
    scenarios: dict[str, bool]
    problem: str | None
    photos_taken: int


class SortieAnswer(BaseModel):
    """A planned sortie; `seen_share` is that of its cells, by cell, that photos show."""

    code: str
    cells: tuple[str, ...]
    drone: str
    photos_planned: int
    duration_s: float
    distance_m: float
    battery_share: float
    height_home_m: float
    gsd_m: float
    line: list[tuple[float, float]]
    simulated: SimulatedAnswer | None
    flights: list[FlownAnswer]
    seen_share: dict[str, float]


def require_flights(visitor: Guest) -> Visitor:
    """Let those see flights who fly or command for the whole district."""
    if not visitor.sees_all_photos:
        raise NotAllowedError("flights are shown to operators and command of the whole district")
    return visitor


FlyingGuest = Annotated[Visitor, Depends(require_flights)]


@router.get("/flights")
def get_flights(request: Request, data: Data, _: FlyingGuest, memo: MemoOf) -> list[SortieAnswer]:
    """List the planned sorties, how they did in simulation, and how they were flown."""
    shelf: FlightShelf = request.app.state.flights
    ground = _ground(data, memo)
    seen = memo.get("shares", _known(data), lambda: seen_shares(ground, data.grid))
    return [_sortie(state, seen) for state in shelf.sorties()]


@router.get("/gaps/{cell}.geojson", response_class=JSONResponse)
def get_gaps(cell: str, data: Data, _: FlyingGuest, memo: MemoOf) -> JSONResponse:
    """Show what no photo shows of a cell, to be flown again (`aerogrid plan --refly`)."""
    found = next((entry for entry in data.grid if entry.code == cell), None)
    if found is None:
        raise UnknownLayerError(f"no cell {cell!r} to tell gaps of")
    gaps = gaps_of(found, _ground(data, memo))
    features = [
        {"type": "Feature", "properties": {"code": cell}, "geometry": presenters.geometry(gap)}
        for gap in gaps
    ]
    return JSONResponse(
        {"type": "FeatureCollection", "features": features}, media_type="application/geo+json"
    )


def _ground(data: ReviewData, memo: MemoOf) -> list[BaseGeometry]:
    """What all photos of this page show."""
    patrols, version = _known(data)
    return memo.get(
        "ground",
        (patrols, version),
        lambda: [shapely.union_all([data.seen.of(patrol) for patrol in patrols])],
    )


def _known(data: ReviewData) -> tuple[tuple[str, ...], int]:
    """Which patrols are filed, and which state of those that the page has is the present one."""
    filed = {entry.patrol_id for entry in data.registry.filings()}
    return tuple(sorted(filed)), data.photos.patrols.version


def _sortie(state: SortieState, seen: dict[str, float]) -> SortieAnswer:
    sortie, simulated = state.sortie, state.simulated
    return SortieAnswer(
        code=sortie.code,
        cells=sortie.cell_codes,
        drone=sortie.drone_key,
        photos_planned=len(sortie.photos),
        duration_s=sortie.duration_s,
        distance_m=sortie.distance_m,
        battery_share=sortie.battery_share,
        height_home_m=sortie.height_home_m,
        gsd_m=sortie.gsd_m,
        line=[(round(lon, 7), round(lat, 7)) for lon, lat in state.line()],
        simulated=None if simulated is None else SimulatedAnswer(**asdict(simulated)),
        flights=[FlownAnswer(**asdict(flown)) for flown in state.flights],
        seen_share={code: round(seen[code], 4) for code in sortie.cell_codes if code in seen},
    )


async def tell_live(socket: WebSocket) -> None:
    """Tell, a second at a time, where what flies now is; the route of the WebSocket.

    Each message lists the flights in the air; `points` are lon, lat and height above home of those
    that are new since the message before, and of all of a flight in its first one.
    """
    if not await run_in_threadpool(_may_listen, socket):
        await socket.close(_NOT_ADMITTED)
        return
    await socket.accept()
    shelf: FlightShelf = socket.app.state.flights
    bell: Bell = socket.app.state.bell
    told: dict[str, int] = {}
    looks = 0
    try:
        while not bell.is_closed:
            flights = await run_in_threadpool(shelf.live)
            await socket.send_json({"flights": [_news(flight, told) for flight in flights]})
            looks += 1
            if looks % ASK_AGAIN == 0 and not await run_in_threadpool(_may_listen, socket):
                break
            await asyncio.sleep(EVERY_S)
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        return  # the page was closed


def _may_listen(socket: HTTPConnection) -> bool:
    try:
        visitor = identify(socket, entrance_of(socket), socket.app.state.clock(), None)
    except (SignInError, RegistryError):
        return False
    return visitor.sees_all_photos


def _news(flight: LiveFlight, told: dict[str, int]) -> dict[str, Any]:
    points = list(flight.points)
    fresh = [point for point in points if point.time_ms > told.get(flight.name, -1)]
    if points:
        told[flight.name] = points[-1].time_ms
    return {
        "name": flight.name,
        "points": [
            (round(point.lon_deg, 7), round(point.lat_deg, 7), round(point.height_home_m, 1))
            for point in fresh
        ],
        "speed_m_s": round(points[-1].speed_m_s, 1) if points else None,
        "progress": flight.progress,
    }

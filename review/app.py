"""The review application: routes, answers to errors, guard, page."""

import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute

from cases.errors import SignInError, TooManyTriesError
from geo.errors import AerogridError
from review import (
    accounting,
    alerting,
    arranging,
    before,
    claiming,
    commanding,
    drawing,
    features,
    flying,
    live,
    metrics,
    photo_collection,
    photo_search,
    reflying,
    signing_in,
    together,
    uploads,
    views,
)
from review.admission import Entrance, Guest, admit
from review.assets import Assets
from review.audience import Audience
from review.basemap import Basemap
from review.beginning import preloads
from review.bell import Bell
from review.blind import LookShares
from review.compression import Compression
from review.etags import Etags
from review.flights import FlightShelf
from review.guard import LOOPBACK_HOSTS, Guard
from review.memo import Memo
from review.metrics import Meter, Metering
from review.problems import DESCRIBED, INVALID, STATUSES, explained, problem
from review.reflying import Grounds
from review.single_sign_on import SingleSignOn
from review.single_sign_on import router as single_sign_on_routes
from review.sources import ReviewData
from review.walls import Walls

STATIC = Path(__file__).parent / "static"

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


_ROUTES = (
    signing_in.router,
    accounting.router,
    single_sign_on_routes,
    views.router,
    claiming.router,
    together.router,
    drawing.router,
    arranging.router,
    before.router,
    uploads.router,
    features.router,
    alerting.router,
    live.router,
    commanding.router,
    flying.router,
    reflying.router,
    photo_collection.router,
    photo_search.router,
    metrics.router,
)


def create_app(
    data: ReviewData,
    *,
    hosts: Collection[str] = LOOPBACK_HOSTS,
    entrance: Entrance | None = None,
    basemap: Basemap | None = None,
    flights: FlightShelf | None = None,
    look_shares: LookShares | None = None,
    grounds: Grounds | None = None,
    single_sign_on: SingleSignOn | None = None,
    photo_index: Path | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """Make the application.

    Args:
        data: everything it shows; the caller keeps it open.
        hosts: host names that the page may be reached by.
        entrance: who is let in, and how the page is reached; from this machine if not given.
        basemap: pictures of the ground below the map of the district; none by default.
        flights: plans, verdicts and recordings on disk; none by default.
        look_shares: how much is judged once more; nothing by default.
        grounds: by what gaps are planned to be flown again; None plans nothing.
        single_sign_on: where people may sign in besides; nowhere by default.
        photo_index: file of the photos of all patrols; None answers no search for them.
        clock: for the times in the history.
    """
    app = FastAPI(
        title="aerogrid review",
        version=_version(),
        openapi_url="/api/openapi.json",
        docs_url=None,  # FastAPI's pages load their scripts from elsewhere
        redoc_url=None,
        dependencies=[Depends(admit)],
        responses=DESCRIBED,
    )
    app.state.walls = Walls(data)
    app.state.entrance = entrance or Entrance(data.accounts)
    app.state.clock = clock
    app.state.basemap = basemap
    app.state.flights = flights or FlightShelf(())
    app.state.look_shares = look_shares or LookShares()
    app.state.grounds = grounds
    app.state.single_sign_on = single_sign_on
    app.state.photo_index = photo_index
    app.state.memo = Memo()
    app.state.audience = Audience()
    app.state.woken = Memo()
    app.state.meter = Meter()
    app.state.bell = Bell(data.news.place)
    for routes in _ROUTES:
        app.include_router(routes)
    app.router.routes.append(WebSocketRoute("/api/flights/live", flying.tell_live))
    app.add_api_route("/", _page, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/static", Assets(directory=STATIC))
    for kind in STATUSES:
        app.add_exception_handler(kind, _explain)
    app.add_exception_handler(AerogridError, _explain_other)
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.add_exception_handler(HTTPException, _explain_http)
    app.add_exception_handler(Exception, _explain_unexpected)
    app.add_middleware(Etags)
    app.add_middleware(Compression)
    app.add_middleware(Metering, meter=app.state.meter)
    app.add_middleware(Guard, hosts=hosts, pictures_from=basemap.origin if basemap else "")
    return app


def _version() -> str:
    try:
        return version("aerogrid")
    except PackageNotFoundError:
        return "0"


def _page(visitor: Guest) -> FileResponse:
    headers = {"Cache-Control": "no-cache", "Vary": "Cookie"}
    if link := preloads(visitor):
        headers["Link"] = link
    return FileResponse(STATIC / "index.html", headers=headers)


async def _explain(_: Request, error: Exception) -> Response:
    answer = explained(error)
    if isinstance(error, SignInError):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyTriesError):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


async def _explain_other(_: Request, error: Exception) -> Response:
    return problem(500, str(error))


async def _explain_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(
        f"{'.'.join(str(part) for part in entry['loc'][1:]) or 'body'}: {entry['msg']}"
        for entry in error.errors()
    )
    return problem(422, wrong, INVALID)


async def _explain_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """Methods of all routes of a path: the router names those of the first one only."""
    described: dict[str, dict[str, object]] = request.app.openapi()["paths"]
    route = getattr(request.scope.get("route"), "path_format", "")
    return sorted(method.upper() for method in described.get(route, {"get": {}}))


async def _explain_unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "the server failed at this request; its log says why")

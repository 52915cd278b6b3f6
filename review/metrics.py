"""What the server does, in the format that Prometheus reads."""

import time
from collections.abc import Iterable

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cases.model import CaseCount
from dispatch.alerts import State
from review.admission import Data, Guest
from review.bell import Bell
from review.blind import looks_blindly
from review.errors import NotAllowedError

_STEPS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0)
_UNKNOWN = "(unknown)"

router = APIRouter()


class Meter:
    """Counts and times requests by route, never by what they asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "aerogrid_requests", "Requests that were answered.", ("method", "route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "aerogrid_request_seconds", "Time until the head of an answer.", ("route",),
            buckets=_STEPS_S, registry=self.registry,
        )  # fmt: skip


class Metering:
    """ASGI middleware: tells the meter of each answer."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        """Meter the answers of an application."""
        self._app, self._meter = app, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began_s = time.perf_counter()

        async def send_metered(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", _UNKNOWN)
                status = str(message["status"])
                self._meter.requests.labels(scope["method"], route, status).inc()
                self._meter.seconds.labels(route).observe(time.perf_counter() - began_s)
            await send(message)

        await self._app(scope, receive, send_metered)


@router.get("/metrics", response_class=Response)
def get_metrics(request: Request, data: Data, visitor: Guest) -> Response:
    """Tell requests, cases by stage and alerts by state, to those of the whole district."""
    if not visitor.area.is_district:
        raise NotAllowedError("the figures are of the whole district; ask with one of its accounts")
    if looks_blindly(visitor):
        raise NotAllowedError("the figures tell of decisions; ask with an account of command")
    meter: Meter = request.app.state.meter
    bell: Bell = request.app.state.bell
    counted = _counted(data.registry.counts(), data.outbox.counts().items(), bell.listeners)
    content = generate_latest(meter.registry) + generate_latest(counted)
    return Response(content, media_type=CONTENT_TYPE_LATEST)


def _counted(
    cases: Iterable[CaseCount], alerts: Iterable[tuple[State, int]], listeners: int
) -> CollectorRegistry:
    registry = CollectorRegistry()
    of_cases = Gauge("aerogrid_cases", "Cases.", ("stage", "category"), registry=registry)
    for entry in cases:
        of_cases.labels(entry.stage.value, entry.category).set(entry.count)
    of_alerts = Gauge("aerogrid_alerts", "Alerts.", ("state",), registry=registry)
    for state, count in alerts:
        of_alerts.labels(state.value).set(count)
    Gauge("aerogrid_listeners", "Pages that wait for news.", registry=registry).set(listeners)
    return registry

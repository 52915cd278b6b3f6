"""Which requests are let in, and what every answer tells the browser to refuse."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review.problems import FOREIGN_HOST, FOREIGN_SITE, TOO_LARGE, problem

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
MOST_BODY_BYTES = 65_536  # a decision has at most 3000, the 200 outlines of a split 40,000
MOST_PHOTO_BYTES = 20 * 2**20
_PHOTO_PATH = re.compile(r"/api/cases/[^/]+/photos")
_CHANGING_METHOD = "POST"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def content_policy(pictures_from: str = "") -> str:
    """What a page may load: its own files, and pictures from one place besides, if given."""
    return "; ".join(
        (
            "default-src 'self'",
            f"img-src 'self' data: blob: {pictures_from}".rstrip(),
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in; of which kind, where the status does not say it all."""

    status: int
    detail: str
    kind: str = ""


def refusal(
    method: str, headers: Headers, hosts: Collection[str], path: str = "/"
) -> Refusal | None:
    """Judge a request by its headers; None lets it in.

    A foreign host name means that somebody else's name was pointed at this machine (DNS
    rebinding); a foreign origin or a form's content type means that another site sent it.
    """
    host = headers.get("host", "")
    if _host_name(f"//{host}") not in hosts:
        told = f"host {host!r} is not served here; open the page by its own address"
        return Refusal(400, told, FOREIGN_HOST)
    if method in _SAFE_METHODS:
        return None
    if method != _CHANGING_METHOD:
        return Refusal(405, f"{method} is not used here; changes are sent with {_CHANGING_METHOD}")
    origin = headers.get("origin")
    if origin is not None and _network_place(origin) != host:
        told = f"origin {origin!r} is another site; decide on the page itself"
        return Refusal(403, told, FOREIGN_SITE)
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        told = "the request comes from another site; decide on the page itself"
        return Refusal(403, told, FOREIGN_SITE)
    is_photo = _PHOTO_PATH.fullmatch(path) is not None
    wanted = "image/jpeg" if is_photo else "application/json"
    if headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
        return Refusal(415, f"changes are sent as {wanted} here")
    return _size_refusal(headers, MOST_PHOTO_BYTES if is_photo else MOST_BODY_BYTES)


def foreign(headers: Headers, hosts: Collection[str]) -> bool:
    """Whether a WebSocket is opened under a foreign host name, or by a page of another site.

    Browsers name the page that opens one; programs may leave that out.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if _host_name(f"//{host}") not in hosts:
        return True
    return origin is not None and _network_place(origin) != host


def _size_refusal(headers: Headers, most_bytes: int) -> Refusal | None:
    """Judge a body by the length that it has to declare, so that nothing large is ever read."""
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not length.isdecimal():
        return Refusal(411, "a change says its length (Content-Length)")
    if len(length) > len(str(most_bytes)) or int(length) > most_bytes:
        told = f"a change has at most {most_bytes} bytes; this one has {length}"
        return Refusal(413, told, TOO_LARGE)
    return None


def _network_place(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


class Guard:
    """ASGI middleware: refuses what comes from elsewhere, adds the security headers."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], pictures_from: str = "") -> None:
        """Guard an application that is reached by these host names."""
        self._app, self._hosts = app, hosts
        self._headers = {**_HEADERS, "Content-Security-Policy": content_policy(pictures_from)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] == "websocket" and foreign(Headers(scope=scope), self._hosts):
            return await send({"type": "websocket.close", "code": 1008, "reason": "another site"})
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = refusal(scope["method"], Headers(scope=scope), self._hosts, scope["path"])
        if refused:
            answer = problem(refused.status, refused.detail, refused.kind)
            if refused.status == 405:
                answer.headers["Allow"] = "GET, HEAD, POST"
            return await answer(scope, receive, send_guarded)
        await self._app(scope, receive, send_guarded)

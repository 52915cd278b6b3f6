"""Answers that say which content they are (`ETag`), and are not sent again to who has it.

A tag is the hash of the answer; of a case its version stands before it, so that a decision can name
the version that it is about (`If-Match`). All others are weak: the same content may be sent
compressed. RFC 9110, 8.8.3 and 13.1.
"""

import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review.errors import DecisionError, UnversionedError

MOST_BYTES = 8 * 2**20
"""Answers beyond are sent as they are."""
_HASHED = frozenset({"application/json", "application/geo+json"})
_VERSION = "case_version"
OWN_TAG = re.compile(r'^"([1-9]\d{0,8})\.[0-9a-f]+"$')
"""The tag of a case, with its version."""


def tell_version(request: Request, version: int) -> None:
    """Let the tag of this answer name the version of the case that it shows."""
    setattr(request.state, _VERSION, version)


def version_of(if_match: str | None, version: int | None) -> int:
    """Which version of a case a decision is about, by its `If-Match` or its body.

    Raises:
        UnversionedError: it says neither.
        DecisionError: it says both, and they differ; or the tag is none of a case.
    """
    if if_match is None:
        if version is None:
            raise UnversionedError(
                "say which version of the case was seen: `version`, or its ETag as If-Match"
            )
        return version
    tag = OWN_TAG.fullmatch(if_match)
    if tag is None:
        raise DecisionError(f"If-Match {if_match!r}: give the ETag of the case that was seen")
    if version is not None and version != int(tag[1]):
        raise DecisionError(f"If-Match names version {tag[1]}, the body {version}; give one")
    return int(tag[1])


class Etags:
    """ASGI middleware: tags what is read as JSON, and answers 304 to who has it already."""

    def __init__(self, app: ASGIApp) -> None:
        """Tag the answers of an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        scope.setdefault("state", {})
        await self._app(scope, receive, _Tagging(scope, send))


class _Tagging:
    """Holds an answer back until its one part is there; one of several parts is let through."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._held: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_tagged(message):
            self._held = message
            return
        if self._held is not None:
            await self._tag(self._held, message)
            self._held = None
            return
        await self._send(message)

    async def _tag(self, start: Message, body: Message) -> None:
        content: bytes = body.get("body", b"")
        if body.get("more_body") or len(content) > MOST_BYTES or self._scope["method"] == "HEAD":
            await self._send(start)
            await self._send(body)
            return
        headers = MutableHeaders(scope=start)
        version = self._scope["state"].get(_VERSION)
        digest = hashlib.sha256(content).hexdigest()[:32]
        headers["ETag"] = tag = f'W/"{digest}"' if version is None else f'"{version}.{digest}"'
        if _has(Headers(scope=self._scope).get("if-none-match", ""), tag):
            start = {**start, "status": 304}
            for name in ("content-length", "content-type"):
                del headers[name]
            start["headers"] = headers.raw
            body = {**body, "body": b""}
        await self._send(start)
        await self._send(body)


def _is_tagged(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "").partition(";")[0]
    return start["status"] == 200 and kind in _HASHED


def _has(if_none_match: str, tag: str) -> bool:
    """Whether one of the tags is this one, weak or not, or any will do."""
    tag = tag.removeprefix("W/")
    tags = [entry.strip().removeprefix("W/") for entry in if_none_match.split(",")]
    return tag in tags or "*" in tags

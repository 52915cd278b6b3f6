"""Errors as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"

DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                    },
                }
            }
        },
    }
    for status, words in (
        ("4XX", "Refused; `detail` says why, docs/review.md has each status"),
        ("5XX", "Failed; `detail` says why, nothing was changed"),
    )
}
"""What the description of the API says of every route."""


def problem(status: int, detail: str, **more: object) -> JSONResponse:
    """Answer with a problem; `more` holds facts that a program can act on."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE)

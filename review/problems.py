"""Which error is answered how: as `application/problem+json` (RFC 9457), each kind by its name."""

import re
from http import HTTPStatus
from typing import Any

from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse

from cases.errors import (
    AccountError,
    AccountLockedError,
    ArrangementError,
    AttachmentError,
    CaseClaimedError,
    ClaimError,
    DisplayNameError,
    DrawingError,
    EasyPasswordError,
    KnownCaseError,
    LastKeeperError,
    LookAlikeError,
    LookError,
    NameTakenError,
    NoCaseError,
    NotPermittedError,
    OutlineError,
    OutsideAreaError,
    ReasonMissingError,
    RegistryError,
    SignInError,
    SignInNameError,
    StaleCaseError,
    TooManyTokensError,
    TooManyTriesError,
    TownMissingError,
    TransitionError,
    UnknownCaseError,
    UnknownPlaceError,
    UnmergeError,
    UnplacedError,
    WrongPasswordError,
)
from dispatch.errors import UnknownAlertError
from review.errors import (
    ActorError,
    ChangedCaseError,
    DecisionError,
    FeatureQueryError,
    FullError,
    NoAirspaceError,
    NoGapsError,
    NoJpegError,
    NoPhotosError,
    NotAllowedError,
    OldPasswordError,
    OwnAccountError,
    PeriodError,
    PhotoSearchError,
    PhotoSizeError,
    ProviderAwayError,
    ReflyError,
    UnknownAccountError,
    UnknownFeatureError,
    UnknownLayerError,
    UnknownPhotoError,
    UnknownTokenError,
    UnversionedError,
    UploadError,
)
from vision.errors import ChangedPhotoError, PhotoError

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[type[Exception], int] = {
    UnknownCaseError: 404,
    UnknownPhotoError: 404,
    UnknownLayerError: 404,
    UnknownFeatureError: 404,
    UnknownAccountError: 404,
    UnknownTokenError: 404,
    UnknownAlertError: 404,
    FeatureQueryError: 400,
    UnversionedError: 428,
    ChangedCaseError: 412,
    PeriodError: 422,
    PhotoError: 404,
    ChangedPhotoError: 409,
    StaleCaseError: 409,
    TransitionError: 409,
    CaseClaimedError: 423,
    ClaimError: 409,
    KnownCaseError: 409,
    NoCaseError: 422,
    OutlineError: 422,
    UnplacedError: 422,
    OutsideAreaError: 422,
    DrawingError: 422,
    UnmergeError: 409,
    ArrangementError: 409,
    LookError: 409,
    NotPermittedError: 403,
    ReasonMissingError: 422,
    DecisionError: 422,
    NoPhotosError: 422,
    NoJpegError: 422,
    PhotoSizeError: 422,
    UploadError: 422,
    AttachmentError: 409,
    ActorError: 422,
    WrongPasswordError: 401,
    AccountLockedError: 401,
    SignInError: 401,
    TooManyTriesError: 429,
    OldPasswordError: 403,
    EasyPasswordError: 422,
    OwnAccountError: 409,
    LastKeeperError: 409,
    SignInNameError: 422,
    NameTakenError: 422,
    DisplayNameError: 422,
    LookAlikeError: 422,
    TownMissingError: 422,
    UnknownPlaceError: 422,
    TooManyTokensError: 422,
    AccountError: 422,
    NotAllowedError: 403,
    RegistryError: 503,
    FullError: 503,
    ProviderAwayError: 503,
    PhotoSearchError: 503,
    NoAirspaceError: 409,
    NoGapsError: 409,
    ReflyError: 409,
}
"""Which HTTP status an error is answered with; the first class that fits an error's ancestry."""

INVALID, FOREIGN_HOST, FOREIGN_SITE, TOO_LARGE = (
    "invalid",
    "foreign-host",
    "foreign-site",
    "too-large",
)
"""Kinds that are no error of ours: a request of another form, and what the guard lets nobody do."""

TOLD = (
    "case_no",
    "version",
    "expected_version",
    "allowed",
    "who",
    "until",
    "why",
    "known_case",
    "into",
    "name",
    "display_name",
    "like",
    "place",
    "retry_after_s",
)
"""What an answer tells of an error beside its words, where the error knows it."""

_TYPES = "urn:aerogrid:problem:"
"""A name and no address, since each district has a server of its own and none is everybody's."""

_NO_TYPE = "about:blank"

DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {
                            "type": "string",
                            "format": "uri",
                            "pattern": f"^({_NO_TYPE}|{_TYPES}[a-z-]+)$",
                            "description": "Of which kind it is; docs/review.md has them all",
                        },
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


def kind_of(error: type[Exception]) -> str:
    """Name the kind of problem that a class of errors is: `stale-case` of StaleCaseError."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__.removesuffix("Error")).lower()


def problem(status: int, detail: str, kind: str = "", **more: object) -> JSONResponse:
    """Answer with a problem; `more` holds facts that a program can act on.

    Without a kind it is nothing beyond what its status says.
    """
    body = {
        "type": f"{_TYPES}{kind}" if kind else _NO_TYPE,
        "title": kind.replace("-", " ").capitalize() if kind else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return JSONResponse(jsonable_encoder(body), status_code=status, media_type=MEDIA_TYPE)


def explained(error: Exception) -> JSONResponse:
    """Answer with an error of the table above."""
    known = next(ancestor for ancestor in type(error).__mro__ if ancestor in STATUSES)
    facts = {name: value for name in TOLD if (value := getattr(error, name, None)) is not None}
    return problem(STATUSES[known], str(error), kind_of(known), **facts)

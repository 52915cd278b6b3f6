"""The routes by which people sign in and out, and learn as whom they are known."""

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cases.errors import SignInError
from cases.people import MOST_PASSWORD, Deed
from review import answers, presenters
from review.admission import BEFORE_SIGN_IN, ClockOf, Entrance, EntranceOf, Guest, Visitor
from review.errors import NotAllowedError, OldPasswordError

_IPV6_PREFIX = 64  # what one household or office has of IPv6

router = APIRouter(prefix="/api/session", tags=["sign-in"])


class SignInBody(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=100)]
    password: Annotated[SecretStr, Field(max_length=MOST_PASSWORD)]


class PasswordBody(BaseModel):
    """The password that somebody has, and the one that they want."""

    model_config = ConfigDict(extra="forbid")

    old: Annotated[SecretStr, Field(max_length=MOST_PASSWORD)]
    new: Annotated[SecretStr, Field(max_length=MOST_PASSWORD)]


class Nothing(BaseModel):
    """An empty object: changes are sent as JSON, which no form of another site can."""

    model_config = ConfigDict(extra="forbid")


@router.get("", openapi_extra=BEFORE_SIGN_IN)
def get_session(request: Request, entrance: EntranceOf, visitor: Guest) -> answers.Session:
    """Say whether people sign in here, and who has."""
    return _session(request, entrance, visitor)


@router.post("", openapi_extra=BEFORE_SIGN_IN)
def post_session(
    body: SignInBody, request: Request, response: Response, entrance: EntranceOf, clock: ClockOf
) -> answers.Session:
    """Sign in; 401 for a wrong name or password, 429 after many of them."""
    now = clock()
    token = entrance.accounts.sign_in(
        body.name, body.password.get_secret_value(), address=address_of(request), now=now
    )
    end_session(request, entrance)  # that of the one who was signed in here before
    set_cookie(response, entrance, token)
    return _session(request, entrance, Visitor(entrance.accounts.of_session(token, now)))


@router.post("/password")
def post_password(
    body: PasswordBody,
    request: Request,
    response: Response,
    entrance: EntranceOf,
    visitor: Guest,
    clock: ClockOf,
) -> answers.Session:
    """Give oneself another password; all other sessions end, tokens stay, and none changes one."""
    if visitor.account is None or "authorization" in request.headers:
        raise NotAllowedError("a password is changed by who has signed in with it")
    name, address = visitor.account.name, address_of(request)
    try:
        entrance.accounts.sign_in(name, body.old.get_secret_value(), address=address, now=clock())
    except SignInError as error:
        raise OldPasswordError from error
    new = body.new.get_secret_value()
    entrance.accounts.set_password(name, new, Deed(name, address, clock()))
    token = entrance.accounts.sign_in(name, new, address=address, now=clock())
    set_cookie(response, entrance, token)
    return _session(request, entrance, visitor)


@router.post("/renew", status_code=204)
def post_renew(_: Nothing, request: Request, entrance: EntranceOf, clock: ClockOf) -> None:
    """Say that the person is still there, so that the session goes on."""
    token = request.cookies.get(entrance.cookie)
    if token is not None:
        entrance.accounts.renew_session(token, clock())


@router.post("/end", status_code=204, openapi_extra=BEFORE_SIGN_IN)
def post_end(_: Nothing, request: Request, response: Response, entrance: EntranceOf) -> None:
    """Sign out; also when nobody is signed in any more."""
    end_session(request, entrance)
    response.delete_cookie(
        entrance.cookie, path="/", httponly=True, samesite="strict", secure=entrance.is_secure
    )


def address_of(request: Request) -> str:
    """From where a request comes, as far as one person can be told by it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))


def set_cookie(response: Response, entrance: Entrance, token: str) -> None:
    """Give a browser its session."""
    response.set_cookie(
        entrance.cookie, token, path="/", httponly=True, samesite="strict",
        secure=entrance.is_secure,
    )  # fmt: skip


def end_session(request: Request, entrance: Entrance) -> None:
    """End the session that a browser has, if any."""
    token = request.cookies.get(entrance.cookie)
    if token is not None:
        entrance.accounts.sign_out(token)


def _session(request: Request, entrance: Entrance, visitor: Visitor) -> answers.Session:
    person = presenters.person(visitor.account) if visitor.account else None
    has_provider = request.app.state.single_sign_on is not None
    return answers.Session(entrance.asks_who, person, has_provider)

"""Who asks, and what may they see and do? The one place where the page's walls stand.

Every route takes what it shows from `Data`, which holds no more than the asking person's area has.
A registry without accounts is open to everybody who reaches the page, as long as that is only this
machine: people then sign by the name that they give.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from cases.accounts import Accounts
from cases.errors import SignInError
from cases.lifecycle import Role
from cases.people import DISTRICT, Account, Area, Scope
from review.errors import ActorError, NotAllowedError
from review.sources import ReviewData
from review.walls import Shown, Walls

COOKIE = "aerogrid-session"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Browsers take a cookie of this name only over TLS, from this very host and for all of it."""

OPEN_PATHS = frozenset(
    {
        "/",
        "/command",
        "/api/session",
        "/api/session/end",
        "/api/openid/start",
        "/api/openid/return",
        "/api/health",
    }
)
"""What is answered before anybody has signed in: the empty page, the sign-in, that it is alive."""

OPEN_PREFIXES = ("/alerts", "/api/alerts/")
"""The empty page of alerts, and what the link of one alert leads to: whoever has it may use it."""

BEFORE_SIGN_IN: dict[str, Any] = {"security": [{}]}
"""What the description of the API says of routes that need no sign-in."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_READ_BY_POST = frozenset({"/api/stac/search"})
"""What changes nothing though it is sent by POST, as STAC's clients do."""
_SEES_PHOTOS = frozenset({Role.OPERATOR, Role.COMMAND, Role.ADMINISTRATOR})
_COMMANDS = frozenset({Role.COMMAND, Role.ADMINISTRATOR})
_REVIEWS = frozenset({Role.INSPECTOR, Role.COMMAND, Role.ADMINISTRATOR})

Clock = Callable[[], datetime]

_bearer = HTTPBearer(auto_error=False, description="A token of `aerogrid account token add`")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="Of the sign-in")


@dataclass(frozen=True, slots=True)
class Entrance:
    """How the page is reached and who is let in.

    Attributes:
        accounts: of the registry.
        is_local: the page is reached from this machine only, and so is open without accounts.
        is_secure: it is reached over TLS, its own or that of a proxy before it.
    """

    accounts: Accounts
    is_local: bool = True
    is_secure: bool = False

    @property
    def asks_who(self) -> bool:
        """Whether people have to sign in."""
        return not self.is_local or self.accounts.are_there()

    @property
    def cookie(self) -> str:
        """Name of the session's cookie."""
        return SECURE_COOKIE if self.is_secure else COOKIE


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: somebody with an account, or anybody where there are none.

    Attributes:
        account: None for anybody.
        scopes: what the visitor, or the program that acts for them, may do.
    """

    account: Account | None = None
    scopes: tuple[Scope, ...] = tuple(Scope)

    @property
    def area(self) -> Area:
        """What the visitor answers for."""
        return self.account.area if self.account else DISTRICT

    @property
    def sees_all_photos(self) -> bool:
        """Whether also photos that are evidence of no case are shown."""
        return self.account is None or (
            self.area.is_district and not _SEES_PHOTOS.isdisjoint(self.account.roles)
        )

    def signs(self, named: str | None) -> str:
        """By which name the visitor signs; a request may name it, but no other.

        Raises:
            ActorError: another name, or none where nobody has signed in.
        """
        if self.account is None:
            if named is None:
                raise ActorError("actor: is missing; there are no accounts, so give your name")
            return named
        if named is not None and named != self.account.display_name:
            raise NotAllowedError(
                f"actor {named!r}: {self.account.display_name} has signed in; leave actor out"
            )
        return self.account.display_name

    def judged_as(self) -> str | None:
        """Whose figures the visitor sees: their own, or everybody's (None)."""
        if self.account is None or not _COMMANDS.isdisjoint(self.account.roles):
            return None
        return self.account.display_name

    def acts_as(self, role: Role | None) -> Role:
        """In which role the visitor acts; a request may choose among those of the account."""
        if self.account is None:
            return role or Role.INSPECTOR
        if role is not None and role not in self.account.roles:
            raise NotAllowedError(
                f"role {role.value!r} is not one of {self.account.display_name}'s "
                f"({', '.join(self.account.roles)}); act in one of these"
            )
        return role or self.account.roles[0]


NOBODY = Visitor(scopes=())
"""Who has not signed in, at what is answered before."""


def entrance_of(request: HTTPConnection) -> Entrance:
    """How the page is reached."""
    entrance: Entrance = request.app.state.entrance
    return entrance


def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


ClockOf = Annotated[Clock, Depends(_clock)]
EntranceOf = Annotated[Entrance, Depends(entrance_of)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
Cookie = Annotated[str | None, Security(_cookie)]


def admit(
    request: Request, entrance: EntranceOf, clock: ClockOf, bearer: Bearer, _cookie: Cookie
) -> Visitor:
    """Find out who asks, and let nobody else in; asked by the application for every route.

    Raises:
        SignInError: nobody has signed in, or the session or token has ended.
        NotAllowedError: a program's token is not for this.
    """
    try:
        visitor = identify(request, entrance, clock(), bearer)
    except SignInError:
        path = request.scope["path"]
        if path in OPEN_PATHS or path.startswith(OPEN_PREFIXES):
            return NOBODY
        raise
    is_reading = request.method in _READING or request.scope["path"] in _READ_BY_POST
    needed = Scope.READ if is_reading else Scope.DECIDE
    if needed not in visitor.scopes:
        raise NotAllowedError(
            f"the token may {', '.join(visitor.scopes)}, not {needed.value}; make one that may"
        )
    return visitor


def identify(
    request: HTTPConnection,
    entrance: Entrance,
    now: datetime,
    bearer: HTTPAuthorizationCredentials | None,
) -> Visitor:
    """Find out who asks now; SignInError where nobody who may."""
    if bearer is not None:
        return Visitor(*entrance.accounts.of_token(bearer.credentials, now))
    if not entrance.asks_who:
        return Visitor()
    token = request.cookies.get(entrance.cookie)
    if token is None:
        raise SignInError("nobody has signed in; sign in on the page, or send an API token")
    return Visitor(entrance.accounts.of_session(token, now))


Guest = Annotated[Visitor, Depends(admit)]


def require_reviewer(visitor: Guest) -> Visitor:
    """Let those take cases who review them."""
    if visitor.account is not None and _REVIEWS.isdisjoint(visitor.account.roles):
        raise NotAllowedError(
            f"cases are taken to review them; {visitor.account.display_name} is only "
            f"{', '.join(visitor.account.roles)}"
        )
    return visitor


Reviewer = Annotated[Visitor, Depends(require_reviewer)]


def _shown(request: Request, visitor: Guest) -> Shown:
    walls: Walls = request.app.state.walls
    return walls.within(visitor.area)


ShownTo = Annotated[Shown, Depends(_shown)]


def _data(shown: ShownTo) -> ReviewData:
    return shown.data


Data = Annotated[ReviewData, Depends(_data)]
"""What the page has, as far as the asking person's area goes."""

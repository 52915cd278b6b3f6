"""The routes by which people sign in with the account that they have at an OpenID provider."""

import logging
import secrets
import threading
from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cases.errors import SignInError
from review.admission import BEFORE_SIGN_IN, ClockOf, Entrance, EntranceOf
from review.errors import OpenIdError, ProviderAwayError, UnknownLayerError
from review.openid import Attempt, OpenId, begin
from review.signing_in import address_of, end_session, set_cookie

COOKIE = "aerogrid-openid"
PATH = "/api/openid"
MOST_ATTEMPTS = 1000
_COOKIE_S = 600
_REFUSED = "/?sign-in=refused"
_AWAY = "/?sign-in=away"

router = APIRouter(prefix=PATH, tags=["sign-in"])
_log = logging.getLogger(__name__)

Text = Annotated[str, Query(max_length=4096)]


class SingleSignOn:
    """A provider and the sign-ins that have begun there; each is good for one answer."""

    def __init__(self, provider: OpenId) -> None:
        self.provider = provider
        self._lock = threading.Lock()
        self._begun: OrderedDict[str, Attempt] = OrderedDict()

    def begin(self, redirect_uri: str) -> tuple[str, Attempt]:
        """Remember a new sign-in by a word that only its browser gets."""
        word, attempt = secrets.token_urlsafe(32), begin(redirect_uri)
        with self._lock:
            self._begun[word] = attempt
            while len(self._begun) > MOST_ATTEMPTS:
                self._begun.popitem(last=False)
        return word, attempt

    def take(self, word: str) -> Attempt:
        """The sign-in of a browser, once; OpenIdError where there is none."""
        with self._lock:
            attempt = self._begun.pop(word, None)
        if attempt is None:
            raise OpenIdError("no sign-in was begun in this browser, or too long ago; begin again")
        return attempt


def _single_sign_on(request: Request) -> SingleSignOn:
    found: SingleSignOn | None = request.app.state.single_sign_on
    if found is None:
        raise UnknownLayerError("there is no OpenID provider here; sign in with a password")
    return found


@router.get("/start", openapi_extra=BEFORE_SIGN_IN, response_class=RedirectResponse)
def get_start(request: Request, entrance: EntranceOf) -> RedirectResponse:
    """Send the browser to the provider.

    Raises:
        ProviderAwayError: it does not answer, and no page is asked for that could say so.
    """
    single = _single_sign_on(request)
    scheme = "https" if entrance.is_secure else "http"
    host = request.headers["host"]  # one that this page is reached by: the guard has looked
    word, attempt = single.begin(f"{scheme}://{host}{PATH}/return")
    try:
        answer = RedirectResponse(single.provider.address_for(attempt), status_code=303)
    except ProviderAwayError as error:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return _refused(error)
    except OpenIdError as error:
        return _refused(error)
    # lax: the way back comes from another site
    answer.set_cookie(
        COOKIE, word, max_age=_COOKIE_S, path=PATH, httponly=True, samesite="lax",
        secure=entrance.is_secure,
    )  # fmt: skip
    return answer


@router.get("/return", openapi_extra=BEFORE_SIGN_IN, response_class=RedirectResponse)
def get_return(
    request: Request,
    entrance: EntranceOf,
    clock: ClockOf,
    state: Text = "",
    code: Text = "",
    error: Text = "",
) -> RedirectResponse:
    """Take the provider's word for who somebody is, and sign them in."""
    single = _single_sign_on(request)
    try:
        attempt = single.take(request.cookies.get(COOKIE, ""))
        if error or not code:
            raise OpenIdError(f"the provider let nobody in ({error or 'no code'})")
        name = single.provider.name_of(attempt, state, code)
        token = entrance.accounts.admit(name, address=address_of(request), now=clock())
    except (OpenIdError, SignInError) as refusal:
        return _refused(refusal)
    return _signed_in(request, entrance, token)


def _signed_in(request: Request, entrance: Entrance, token: str) -> RedirectResponse:
    answer = RedirectResponse("/", status_code=303)
    end_session(request, entrance)  # that of the one who was signed in here before
    set_cookie(answer, entrance, token)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


def _refused(error: Exception) -> RedirectResponse:
    """Tell the person nothing that a stranger could use; the log says why."""
    _log.warning("single sign-on refused: %s", error)
    where = _AWAY if isinstance(error, ProviderAwayError) else _REFUSED
    return RedirectResponse(where, status_code=303)

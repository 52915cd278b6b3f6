"""EDGE: ask an OpenID provider who somebody is: the code flow with PKCE, and what its tokens say.

OpenID Connect Core 1.0, 3.1; OpenID Connect Discovery 1.0; RFC 7636 (PKCE).
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from review.errors import OpenIdError, ProviderAwayError

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures that are taken; none of them is a shared secret, nor `none`."""

_TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
_MOST_BYTES = 1 << 20
_KEPT_S = 3600.0
_LEEWAY_S = 60
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Client:
    """How this page is known to the provider.

    Attributes:
        issuer: address of the provider, as its tokens name it.
        claim: of the ID token whose value is the name of the account.
    """

    issuer: str
    client_id: str
    secret: str
    claim: str = "preferred_username"

    def __post_init__(self) -> None:
        """Refuse a provider that secrets would travel to in the clear."""
        _require_safe("issuer", self.issuer)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that has begun: what has to come back, and what proves that it is ours."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


def begin(redirect_uri: str) -> Attempt:
    """Make the secrets of a new sign-in."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, redirect_uri)


class OpenId:
    """One provider; may be shared between threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._http = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    def address_for(self, attempt: Attempt) -> str:
        """Where the browser goes to sign in."""
        challenge = hashlib.sha256(attempt.verifier.encode("ascii")).digest()
        query = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": "openid profile email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
        where = self._endpoint("authorization_endpoint")
        return f"{where}{'&' if '?' in where else '?'}{urlencode(query)}"

    def name_of(self, attempt: Attempt, state: str, code: str) -> str:
        """Who has signed in at the provider: the name of their account here.

        Raises:
            OpenIdError: the answer is not that of this sign-in, or the provider's word cannot be
                proved.
        """
        if not hmac.compare_digest(state.encode(), attempt.state.encode()):
            raise OpenIdError("the answer belongs to another sign-in; begin again")
        claims = self._claims(self._exchange(attempt, code))
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()):
            raise OpenIdError("the token belongs to another sign-in; begin again")
        name = claims.get(self._client.claim)
        if not isinstance(name, str) or not name:
            raise OpenIdError(
                f"the token has no claim {self._client.claim!r}; name another in "
                "signing_in.claim, or let the provider send it"
            )
        return name

    def _exchange(self, attempt: Attempt, code: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        pair = urlencode({self._client.client_id: self._client.secret}).replace("=", ":", 1)
        headers = {
            **urllib3.make_headers(basic_auth=pair),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self._ask("POST", self._endpoint("token_endpoint"), urlencode(form), headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OpenIdError("the provider gave no ID token for the code")
        return token

    def _claims(self, token: str) -> Mapping[str, Any]:
        """What an ID token says, once its signature, issuer, audience and time are proved."""
        for is_again in (False, True):  # keys are changed now and then
            try:
                keys = KeySet.import_key_set(self._document("jwks_uri", is_fresh=is_again))  # type: ignore[arg-type]  # it says what it expects and checks it
                decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
                break
            except (JoseError, ValueError, KeyError, TypeError) as error:
                if is_again:
                    raise OpenIdError(f"the ID token cannot be proved ({error})") from error
        client = self._client
        required: Any = {
            "iss": {"essential": True, "value": client.issuer},
            "sub": {"essential": True},
            "aud": {"essential": True, "value": client.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }
        try:
            jwt.JWTClaimsRegistry(leeway=_LEEWAY_S, **required).validate(decoded.claims)
        except JoseError as error:
            raise OpenIdError(f"the ID token is not for this page or time ({error})") from error
        if decoded.claims.get("azp", client.client_id) != client.client_id:
            raise OpenIdError("the ID token was given to another program")
        return decoded.claims

    def _endpoint(self, name: str) -> str:
        found = self._metadata().get(name)
        if not isinstance(found, str):
            raise OpenIdError(f"the provider names no {name}")
        return _require_safe(name, found)

    def _metadata(self) -> dict[str, Any]:
        issuer = self._client.issuer
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._kept(address, is_fresh=False)
        if found.get("issuer") != issuer:
            raise OpenIdError(
                f"the provider at {issuer} calls itself {found.get('issuer')!r}; give that address"
            )
        return found

    def _document(self, name: str, *, is_fresh: bool) -> dict[str, Any]:
        return self._kept(self._endpoint(name), is_fresh=is_fresh)

    def _kept(self, address: str, *, is_fresh: bool) -> dict[str, Any]:
        with self._lock:
            known = self._known.get(address)
        if known and not is_fresh and time.monotonic() - known[0] < _KEPT_S:
            return known[1]
        document = self._ask("GET", address)
        with self._lock:
            self._known[address] = time.monotonic(), document
        return document

    def _ask(
        self,
        method: str,
        address: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        asked = {**(headers or {}), "Accept": "application/json"}
        try:
            answer = self._http.request(
                method, address, body=body, headers=asked, redirect=False, preload_content=False
            )
            content = answer.read(_MOST_BYTES + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise ProviderAwayError(f"the provider does not answer ({error})") from error
        if answer.status >= 500:
            raise ProviderAwayError(f"the provider answers {answer.status}")
        try:
            document = json.loads(content) if len(content) <= _MOST_BYTES else None
        except ValueError as error:
            raise OpenIdError(f"the provider does not answer as expected ({error})") from error
        if answer.status != 200 or not isinstance(document, dict):
            raise OpenIdError(f"the provider answers {answer.status} at {urlsplit(address).path}")
        return document


def _require_safe(name: str, address: str) -> str:
    """Refuse addresses to which secrets would travel in the clear."""
    parts = urlsplit(address)
    is_local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not (parts.scheme == "https" and parts.hostname) and not is_local:
        raise OpenIdError(f"{name} {address!r}: has to be an https:// address")
    return address

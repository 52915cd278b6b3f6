"""Signatures that gateways ask for: plain HMAC, Alibaba Cloud's ACS3, Tencent Cloud's TC3."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Credential:
    """Who signs."""

    key_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; header names are in lower case, query names in order."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def with_headers(self, **more: str) -> "Request":
        """Add headers; underscores in names stand for hyphens."""
        added = {name.replace("_", "-"): value for name, value in more.items()}
        return replace(self, headers={**self.headers, **added})


class Signer(Protocol):
    """Adds to a request what proves who sent it."""

    def __call__(
        self, request: Request, credential: Credential, *, service: str, now: datetime, nonce: str
    ) -> Request:
        """Sign a request at a moment; `nonce` is used once."""
        ...


def unsigned(
    request: Request, credential: Credential, *, service: str, now: datetime, nonce: str
) -> Request:
    """Leave a request as it is."""
    return request


def sign_hmac(
    request: Request, credential: Credential, *, service: str, now: datetime, nonce: str
) -> Request:
    """Sign time, nonce and body, a line each: HMAC-SHA256, hexadecimal."""
    at = str(int(now.timestamp()))
    signed = b"\n".join((at.encode(), nonce.encode(), request.body))
    signature = hmac.new(credential.secret.encode(), signed, hashlib.sha256).hexdigest()
    return request.with_headers(
        x_key_id=credential.key_id, x_timestamp=at, x_nonce=nonce, x_signature=signature
    )


def sign_acs3(
    request: Request, credential: Credential, *, service: str, now: datetime, nonce: str
) -> Request:
    """Sign as Alibaba Cloud asks for ("V3 request structure and signature", ACS3-HMAC-SHA256)."""
    digest = hashlib.sha256(request.body).hexdigest()
    request = request.with_headers(
        x_acs_content_sha256=digest,
        x_acs_date=f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        x_acs_signature_nonce=nonce,
    )
    names = sorted(
        name
        for name in request.headers
        if name in ("host", "content-type") or name.startswith("x-acs-")
    )
    canonical = _canonical(request, names, _query(request.query), digest)
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(credential.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return request.with_headers(
        authorization=f"ACS3-HMAC-SHA256 Credential={credential.key_id},"
        f"SignedHeaders={';'.join(names)},Signature={signature}"
    )


def sign_tc3(
    request: Request, credential: Credential, *, service: str, now: datetime, nonce: str
) -> Request:
    """Sign as Tencent Cloud asks for ("Signature v3", TC3-HMAC-SHA256)."""
    names = ["content-type", "host"]
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = _canonical(request, names, _query(request.query), digest)
    at, day = str(int(now.timestamp())), f"{now.astimezone(UTC):%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"TC3{credential.secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    to_sign = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashed}"
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return request.with_headers(
        x_tc_timestamp=at,
        authorization=f"TC3-HMAC-SHA256 Credential={credential.key_id}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}",
    )


SIGNERS: Mapping[str, Signer] = {
    "none": unsigned,
    "hmac": sign_hmac,
    "acs3": sign_acs3,
    "tc3": sign_tc3,
}


def _canonical(request: Request, names: list[str], query: str, digest: str) -> str:
    """What both clouds hash: method, path, query, headers, their names, hash of the body."""
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
    path = urlsplit(request.url).path or "/"
    return "\n".join((request.method, path, query, headers, ";".join(names), digest))


def _query(query: Mapping[str, str]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(query[name])}" for name in sorted(query))


def _quoted(text: str) -> str:
    return quote(text, safe="~")

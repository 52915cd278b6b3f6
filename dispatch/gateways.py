"""What is said to a gateway, as data: request, signature, and how its answer is read.

It is one for SMS or voice, or a program of the district that hears of all alerts.

A gateway is a template filled with the values of an alert and of the district. Strings may hold
{phone}, {text}, {key} and the like; a table where a string belongs is sent as JSON text. Secrets
are named by their environment variables and are in no file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field

from dispatch.errors import AlertError, DeliveryError
from dispatch.naming import near_words
from dispatch.signing import SIGNERS, Credential, Request
from dispatch.tables import Checked, parse_table


class Answer(Checked):
    """How an answer is read: dotted paths into its JSON.

    Attributes:
        code: where it says whether it took the alert; the HTTP status alone where not given.
        done: what it says then; empty text where it says nothing.
        receipt: where it names the alert.
        final: what it says when it will never take it.
    """

    code: str | None = None
    done: tuple[str, ...] = ()
    receipt: str | None = None
    final: tuple[str, ...] = ()


class Template(Checked):
    """How one kind of gateway is spoken to.

    Attributes:
        values: what a district has to say, such as the code of its approved text.
        service, sign: how requests are signed.
        in_doubt: what is done when nobody knows whether it took an alert, after a time-out or a
            crash: `resend` (with the same key, at which gateways that know keys tell repeats), or
            `stop`, which leaves a dead letter.
    """

    url: str
    method: Literal["POST", "GET"] = "POST"
    values: tuple[str, ...] = ()
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    body: dict[str, Any] | None = None
    sign: Literal["none", "hmac", "acs3", "tc3"] = "none"
    service: str = ""
    in_doubt: Literal["resend", "stop"] = "resend"
    answer: Answer = Answer()


class Gateway(Checked):
    """A district's gateway for a channel.

    Attributes:
        template: name of a shipped template, or path of one beside the settings.
        key_id, secret: names of environment variables with the credential.
        values: what the template asks for.
    """

    channel: Literal["sms", "voice", "webhook"]
    template: str = Field(min_length=1)
    key_id: str = ""
    secret: str = ""
    values: dict[str, str] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What a gateway said when it took an alert."""

    receipt: str


def parse_template(text: str, source: str) -> Template:
    """Read a template; `source` names the file in messages.

    Raises:
        AlertError: it breaks its schema.
    """
    return parse_table(Template, text, source, AlertError)


def require_values(gateway: Gateway, template: Template) -> None:
    """Refuse a gateway that leaves open what its template asks for, or gives what it does not."""
    missing = sorted(set(template.values) - set(gateway.values))
    if missing:
        raise AlertError(
            f"gateway {gateway.channel} ({gateway.template}) needs the value {missing[0]!r}; give "
            f"it under values: {', '.join(template.values)}"
        )
    for name in sorted(set(gateway.values) - set(template.values)):
        raise AlertError(
            f"gateway {gateway.channel} ({gateway.template}) has no use for the value {name!r}"
            f"{near_words(name, template.values)}; it takes {', '.join(template.values) or 'none'}"
        )


def make_request(
    template: Template,
    values: Mapping[str, str],
    credential: Credential,
    *,
    now: datetime,
    nonce: str,
) -> Request:
    """Fill a template and sign it."""
    filled = {name: _fill(value, values) for name, value in template.query.items()}
    query = {name: _text(value) for name, value in sorted(filled.items())}
    body = b""
    headers = {name.lower(): str(_fill(text, values)) for name, text in template.headers.items()}
    if template.body is not None:
        body = json.dumps(_fill(template.body, values), ensure_ascii=False).encode()
        headers.setdefault("content-type", "application/json; charset=utf-8")
    url = str(_fill(template.url, values))
    headers["host"] = urlsplit(url).netloc
    request = Request(template.method, url, query, headers, body)
    return SIGNERS[template.sign](
        request, credential, service=template.service, now=now, nonce=nonce
    )


def read_answer(template: Template, status: int, content: bytes) -> Taken:
    """Tell what a gateway said.

    Raises:
        DeliveryError: it did not take the alert, for now or for ever.
    """
    said = _json(content)
    answer = template.answer
    code = (_at(said, answer.code) or "") if answer.code else ""
    if 200 <= status < 300 and (answer.code is None or code in answer.done):
        return Taken(_at(said, answer.receipt) or "" if answer.receipt else "")
    is_final = code in answer.final if code else 400 <= status < 500
    is_busy = status in (408, 409, 425, 429)
    raise DeliveryError(
        f"HTTP {status}{f', {code}' if code else ''}: {_short(content)}",
        is_final=is_final and not is_busy,
    )


def url_with_query(request: Request) -> str:
    """The address with its query, encoded as it was signed."""
    pairs = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in request.query.items())
    return f"{request.url}?{pairs}" if pairs else request.url


class _Known(Formatter):
    """Fills {names}; one that is unknown is an error of the template."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if field_name not in kwargs:
            known = ", ".join(sorted(kwargs))
            raise AlertError(f"a gateway template asks for {{{field_name}}}; known are {known}")
        return kwargs[field_name], field_name


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _Known().vformat(value, (), dict(values))
    if isinstance(value, Mapping):
        return {name: _fill(entry, values) for name, entry in value.items()}
    if isinstance(value, list):
        return [_fill(entry, values) for entry in value]
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _at(said: Any, path: str) -> str | None:
    """Follow a dotted path; numbers are places in lists."""
    for part in path.split("."):
        if isinstance(said, dict):
            said = said.get(part)
        elif isinstance(said, list) and part.isdecimal() and int(part) < len(said):
            said = said[int(part)]
        else:
            return None
    return None if said is None else str(said)


def _short(content: bytes) -> str:
    return content[:200].decode("utf-8", errors="replace").strip() or "no answer"

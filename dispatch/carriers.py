"""EDGE: what carries an alert out of here: SMS and voice gateways, push services, a broker."""

import json
import logging
import re
import secrets
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import quote

import urllib3

from dispatch.alerts import Message
from dispatch.errors import AlertError, DeliveryError
from dispatch.gateways import (
    Gateway,
    Template,
    make_request,
    parse_template,
    read_answer,
    require_values,
    url_with_query,
)
from dispatch.naming import near_words
from dispatch.policies import AlertSettings, Channel, Mqtt
from dispatch.signing import Credential
from dispatch.table_files import SHIPPED, read_text

if TYPE_CHECKING:
    from paho.mqtt.client import Client

TEMPLATES = SHIPPED / "gateway_templates"
_SECRET = re.compile(r"\$\{(\w+)\}")
_WEBHOOK = re.compile(r"^(json|xml|form)s?://", re.IGNORECASE)
_STATUS = re.compile(r"\berror=(\d{3})\b")
_PUSH_TIMEOUT_S = 10
_BROKER_TIMEOUT_S = 10.0

Environment = Mapping[str, str]
Clock = Callable[[], datetime]


class Carrier(Protocol):
    """Takes alerts of one channel; may be called by several threads at once.

    Attributes:
        in_doubt: what to do with an alert that may have been taken: `resend` or `stop`.
    """

    in_doubt: Literal["resend", "stop"]

    def hand_over(self, message: Message) -> str:
        """Hand an alert over and give its receipt.

        Raises:
            DeliveryError: it was not taken, or nobody knows.
        """
        ...


def make_carriers(
    settings: AlertSettings, folder: Path, environment: Environment, clock: Clock
) -> dict[Channel, Carrier]:
    """Make the carriers that the settings name; paths in them are read from `folder`.

    Raises:
        AlertError: a template cannot be used, or a secret is not in the environment.
    """
    carriers: dict[Channel, Carrier] = {Channel.PUSH: PushCarrier(environment)}
    templates = templates_of(settings, folder)
    for gateway, template in zip(settings.gateways, templates, strict=True):
        credential = Credential(
            _secret(gateway.key_id, environment), _secret(gateway.secret, environment)
        )
        carriers[Channel(gateway.channel)] = GatewayCarrier(gateway, template, credential, clock)
    if settings.mqtt is not None:
        carriers[Channel.MQTT] = MqttCarrier(settings.mqtt, environment)
    return carriers


def templates_of(settings: AlertSettings, folder: Path) -> list[Template]:
    """Read the template of each gateway, and refuse what it cannot be filled with.

    Raises:
        AlertError: a template is not there or breaks its schema, or the values are not its own.
    """
    templates = [_template(gateway, folder) for gateway in settings.gateways]
    for gateway, template in zip(settings.gateways, templates, strict=True):
        require_values(gateway, template)
    return templates


def unset_secrets(settings: AlertSettings, environment: Environment) -> list[str]:
    """Names of environment variables that sending needs and that are not set."""
    named = [name for entry in settings.gateways for name in (entry.key_id, entry.secret)]
    if settings.mqtt is not None:
        named += [settings.mqtt.user or "", settings.mqtt.password or ""]
    return [name for name in dict.fromkeys(named) if name and name not in environment]


def _template(gateway: Gateway, folder: Path) -> Template:
    shipped = TEMPLATES / f"{gateway.template}.toml"
    path = shipped if shipped.exists() else folder / gateway.template
    if not path.exists():
        known = sorted(entry.stem for entry in TEMPLATES.glob("*.toml"))
        raise AlertError(
            f"gateway {gateway.channel}: there is no template {gateway.template!r}"
            f"{near_words(gateway.template, known)}; give one of {', '.join(known)}, or the path "
            f"of a file beside the settings ({path} does not exist)"
        )
    return parse_template(read_text(path, AlertError), str(path))


def _secret(name: str, environment: Environment) -> str:
    if not name:
        return ""
    if name not in environment:
        raise AlertError(f"the environment variable {name} is not set; alerts cannot be signed")
    return environment[name]


class GatewayCarrier:
    """An SMS or voice gateway, or a program that listens to all alerts, over HTTP."""

    def __init__(
        self, gateway: Gateway, template: Template, credential: Credential, clock: Clock
    ) -> None:
        self.in_doubt = template.in_doubt
        self._gateway, self._template = gateway, template
        self._credential, self._clock = credential, clock
        timeout = urllib3.Timeout(connect=gateway.timeout_s, read=gateway.timeout_s)
        self._http = urllib3.PoolManager(maxsize=32, retries=False, timeout=timeout)

    def hand_over(self, message: Message) -> str:
        """Send one signed request."""
        if message.person_id and not message.address:
            raise DeliveryError(f"{message.person_id} has no phone any more", is_final=True)
        request = make_request(
            self._template,
            {**self._gateway.values, **_values(message)},
            self._credential,
            now=self._clock(),
            nonce=secrets.token_hex(16),
        )
        try:
            answer = self._http.request(
                request.method,
                url_with_query(request),
                body=request.body or None,
                headers=dict(request.headers),
                redirect=False,
            )
        except urllib3.exceptions.NewConnectionError as error:
            raise DeliveryError(f"the gateway cannot be reached ({error})") from error
        except urllib3.exceptions.HTTPError as error:
            raise DeliveryError(
                f"the gateway did not answer ({error})", is_in_doubt=True
            ) from error
        return read_answer(self._template, answer.status, answer.data).receipt


def _values(message: Message) -> dict[str, str]:
    """What a template can name of an alert."""
    body = message.body
    return {
        "key": message.key,
        "key_15": message.key[:15],
        "word": message.word,
        "phone": message.address,
        "phone_national": message.address.removeprefix("+86"),
        "text": str(body["text_zh"]),
        "text_en": str(body["text_en"]),
        "case_no": str(body["case_no"]),
        "event": str(body["event"]),
        "sequence": str(body["sequence"]),
        "cases": ",".join(map(str, body["cases"])),
        "category": str(body["category_zh"]),
        "category_code": str(body["category"]),
        "cell": str(body["cell"]),
        "lon_deg": str(body["lon_deg"]),
        "lat_deg": str(body["lat_deg"]),
        "place": str(body["place"]),
        "link": str(body["link"]),
    }


class PushCarrier:
    """A push service, mailbox or webhook of a person, by apprise."""

    in_doubt: Literal["resend", "stop"] = "resend"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._said = _Said(logging.WARNING)
        logging.getLogger("apprise").addHandler(self._said)

    def hand_over(self, message: Message) -> str:
        """Notify by the person's apprise URL."""
        import apprise  # takes a while to import, which only a sender has to spend

        self._said.begin()
        service = apprise.Apprise()
        if not service.add(self._url(message)):
            raise DeliveryError("apprise does not know the push address", is_final=True)
        taken = service.notify(
            title=str(message.body["category_zh"]),
            body=f"{message.body['text_zh']}\n{message.body['text_en']}",
        )
        if not taken:
            raise DeliveryError(f"the push service did not take it ({self._said.last()})")
        return "taken"

    def _url(self, message: Message) -> str:
        def secret(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._environment:
                raise DeliveryError(
                    f"the environment variable {name} of {message.person_id}'s push address is "
                    "not set",
                    is_final=True,
                )
            return self._environment[name]

        url = _SECRET.sub(secret, message.address)
        if not url:
            raise DeliveryError(f"{message.person_id} has no push address any more", is_final=True)
        joint = "&" if "?" in url else "?"
        url += f"{joint}cto={_PUSH_TIMEOUT_S}&rto={_PUSH_TIMEOUT_S}"
        # webhooks of one's own are told the key, so that they can tell repeats
        return f"{url}&+Idempotency-Key={quote(message.key)}" if _WEBHOOK.match(url) else url


_SAID: ContextVar[list[str] | None] = ContextVar("said", default=None)
"""What apprise said of the alert in hand: its threads work in the caller's context."""


class _Said(logging.Handler):
    """What apprise logs of each alert: the only place where it says why it failed."""

    def begin(self) -> None:
        """Forget what was said of the last alert."""
        _SAID.set([])

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is said, if anybody listens."""
        said = _SAID.get()
        if said is not None:
            said.append(record.getMessage())

    def last(self) -> str:
        """What was said last, the HTTP status first if there is one."""
        said = _SAID.get()
        if not said:
            return "it did not say why"
        status = _STATUS.search(said[-1])
        return (f"HTTP {status.group(1)}: " if status else "") + said[-1][:200]


class MqttCarrier:
    """A broker that alerts are published to, as JSON with their key, at least once (QoS 1)."""

    in_doubt: Literal["resend", "stop"] = "resend"

    def __init__(self, mqtt: Mqtt, environment: Environment) -> None:
        self._mqtt = mqtt
        self._user = _secret(mqtt.user or "", environment)
        self._password = _secret(mqtt.password or "", environment)
        self._client: Client | None = None
        self._lock = Lock()

    def hand_over(self, message: Message) -> str:
        """Publish and wait until the broker has it."""
        body = message.body
        topic = self._mqtt.topic.format(
            category=body["category"], cell=body["cell"] or "none", event=body["event"]
        )
        payload = json.dumps({"key": message.key, **body}, ensure_ascii=False)
        with self._lock:
            return self._publish(topic, payload)

    def _publish(self, topic: str, payload: str) -> str:
        client = self._client or self._connected()
        self._client = client
        try:
            sent = client.publish(topic, payload, qos=1)
            sent.wait_for_publish(_BROKER_TIMEOUT_S)
            is_taken = sent.is_published()
        except (RuntimeError, ValueError) as error:
            is_taken, why = False, str(error)
        else:
            why = f"no receipt within {_BROKER_TIMEOUT_S:g} s"
        if is_taken:
            return f"mid {sent.mid}"
        # a client that is left would send it again by itself, beside our own repeat
        self._client = None
        client.disconnect()
        client.loop_stop()
        raise DeliveryError(f"the broker did not take it ({why})", is_in_doubt=True)

    def _connected(self) -> "Client":
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        client = Client(CallbackAPIVersion.VERSION2)
        if self._user:
            client.username_pw_set(self._user, self._password or None)
        if self._mqtt.tls:
            client.tls_set_context(ssl.create_default_context())
        client.connect_timeout = _BROKER_TIMEOUT_S
        try:
            client.connect(self._mqtt.host, self._mqtt.port)
        except OSError as error:
            raise DeliveryError(f"the broker cannot be reached ({error})") from error
        client.loop_start()
        return client

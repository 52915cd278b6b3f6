"""The sender against a real HTTP server and a real broker on this machine."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.broker import broker, find_mosquitto
from benchmarks.gateway_server import SECRET, GatewayServer, gateway
from cases.lifecycle import Action
from cases.registry import Registry
from dispatch.alerts import Message, Outcome, State
from dispatch.carriers import GatewayCarrier, MqttCarrier, make_carriers
from dispatch.errors import AlertError, DeliveryError
from dispatch.expanding import Rules
from dispatch.only_sender import only_sender
from dispatch.outbox import Outbox
from dispatch.policies import Channel, Mqtt, parse_alerts
from dispatch.sending import Equipment, Sender
from geo.tracing import VARIABLE, trace_of
from tests.dispatch.alerting import AT_ANY_HOUR, CATEGORIES, FIRE, TIMETABLE, District
from tests.dispatch.routes import table

ENVIRONMENT = {"GATEWAY_KEY": "aerogrid", "GATEWAY_SECRET": SECRET, "PUSH_HOST": "127.0.0.1:9"}


def now() -> datetime:
    return datetime.now(UTC)


def settings(url: str, timeout_s: float = 5.0, attempts: int = 6) -> str:
    gateways = "".join(
        f'[[gateways]]\nchannel = "{channel}"\ntemplate = "webhook"\nkey_id = "GATEWAY_KEY"\n'
        f'secret = "GATEWAY_SECRET"\nvalues = {{ url = "{url}" }}\ntimeout_s = {timeout_s}\n'
        for channel in ("sms", "voice")
    )
    return (
        f'version = "test"\nattempts = {attempts}\nfirst_retry_s = 0.01\nlongest_retry_s = 0.05\n'
        + gateways
    )


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    where = str(tmp_path / "cases.sqlite")
    with Registry.open(where) as registry, Outbox.open(where) as outbox:
        yield District(
            where,
            registry,
            outbox,
            Rules(parse_alerts(settings("http://x"), "a"), table(), lambda: "", TIMETABLE),
        )


def drain(
    district: District, environment: dict[str, str] = ENVIRONMENT
) -> list[tuple[Message, Outcome]]:
    """Send what there is; gives what was said of it."""
    rules = district.rules
    said: list[tuple[Message, Outcome]] = []
    carriers = make_carriers(rules.settings, Path(), environment, now)
    equipment = Equipment(
        district.outbox,
        rules,
        CATEGORIES,
        carriers,
        now,
        tell=lambda message, outcome: said.append((message, outcome)),
    )
    Sender(equipment, workers=4).drain(threading.Event())
    return said


def by_sms(policy: str) -> str:
    """Without the push service, which nobody serves here."""
    return policy.replace('"push", ', "")


def test_signed_alerts_arrive_with_their_receipts(district: District):
    with gateway() as server:
        district.settings(by_sms(FIRE), base=settings(server.url))
        district.find()
        drain(district)
    assert (
        sorted(alert["phone"] for alert in server.taken)
        == ["+8613800000001"] * 2 + ["+8613800000002"] * 2
    )
    delivered = district.entries(State.DELIVERED)
    assert {entry.receipt for entry in delivered} == {f"receipt-{n}" for n in range(4)} | {""}
    assert server.refused == []


def test_alerts_are_followed_by_the_photos_of_their_cases(
    district: District, tmp_path: Path, monkeypatch
):
    trace = tmp_path / "trace.jsonl"
    monkeypatch.setenv(VARIABLE, str(trace))
    with gateway() as server:
        district.settings(by_sms(FIRE), base=settings(server.url))
        district.find()
        drain(district)
    told = [json.loads(line) for line in trace.read_text().splitlines()]
    sent = [entry for entry in district.entries(State.DELIVERED) if entry.channel != "page"]
    delivered = {entry.key: entry.case_no for entry in sent}
    assert {line["alert"] for line in told} == set(delivered)
    for line in told:
        assert (line["step"], line["state"]) == ("alert", "delivered")
        case = district.registry.case(delivered[line["alert"]])
        assert line["trace"] in {trace_of(entry.photo_sha256) for entry in case.evidence}


def test_a_wrong_secret_is_a_dead_letter_that_says_so(district: District):
    with gateway() as server:
        wrong = settings(server.url).replace("GATEWAY_SECRET", "GATEWAY_KEY")
        district.settings(by_sms(FIRE), base=wrong)
        district.find()
        drain(district)
    assert {entry.error for entry in district.entries(State.DEAD)} == {
        'HTTP 401: {"error": "bad signature"}'
    }


def test_errors_and_lost_answers_end_in_one_delivery_each(district: District):
    moods = {1: "error", 2: "lost", 3: "error"}
    with gateway(lambda key, asked: moods.get(asked, "fine")) as server:
        district.settings(by_sms(FIRE), base=settings(server.url, timeout_s=0.3))
        district.find()
        drain(district)
        assert sorted(server.asked.values()) == [4, 4, 4, 4]
        assert len(server.taken) == 4
    assert {e.attempts for e in district.entries(State.DELIVERED) if e.channel != "page"} == {4}


def test_what_is_refused_for_ever_and_what_fails_too_often_is_dead(district: District):
    with gateway(lambda key, asked: "refuse") as server:
        district.settings(by_sms(FIRE), base=settings(server.url))
        district.find()
        drain(district)
        assert set(server.asked.values()) == {1}
    with gateway(lambda key, asked: "error") as server:
        district.settings(by_sms(FIRE), base=settings(server.url, attempts=3))
        assert district.outbox.retry_dead(now()) == 4
        drain(district)
        assert set(server.asked.values()) == {3}
    errors = {entry.error for entry in district.entries(State.DEAD)}
    assert errors == {'HTTP 503: {"error": "busy"}'}


def test_a_gateway_that_is_away_is_tried_again(district: District):
    with gateway() as server:
        port = server.server_address[1]
    district.settings(by_sms(FIRE), base=settings(f"http://127.0.0.1:{port}/x", attempts=2))
    district.find()
    drain(district)
    (why,) = {entry.error for entry in district.entries(State.DEAD)}
    assert "the gateway cannot be reached" in why


def test_where_doubt_stops_a_lost_answer_is_a_dead_letter(district: District, tmp_path: Path):
    own = 'url = "{url}"\nvalues = ["url"]\nin_doubt = "stop"\nsign = "hmac"\n'
    own += 'headers = { idempotency-key = "{key}" }\n[body]\nphone = "{phone}"\n'
    (tmp_path / "own.toml").write_text(own)
    with gateway(lambda key, asked: "lost") as server:
        base = settings(server.url, timeout_s=0.2).replace('"webhook"', f'"{tmp_path}/own.toml"')
        district.settings(by_sms(FIRE), base=base)
        district.find()
        drain(district)
        assert set(server.asked.values()) == {1}
    assert len(district.entries(State.DEAD)) == 4
    assert all("in doubt" in entry.error for entry in district.entries(State.DEAD))


def test_orders_of_a_case_arrive_in_order_through_errors(district: District):
    with gateway(lambda key, asked: "error" if asked < 3 else "fine") as server:
        district.settings(AT_ANY_HOUR.replace('"rework"', '"supervise"'), base=settings(server.url))
        district.find()
        district.step("burning.straw", Action.CONFIRM)
        district.step("burning.straw", Action.ASSIGN, assigned_to="department:ecology")
        for _ in range(5):
            district.step("burning.straw", Action.SUPERVISE)
        drain(district)
    sequences = [int(alert["sequence"]) for alert in server.taken]
    assert len(sequences) == 6
    assert sequences == sorted(sequences)


def test_a_push_service_gets_the_text_and_a_webhook_the_key(district: District):
    with push_server() as (address, received):
        district.settings(
            FIRE.replace('"push", "sms", "voice"', '"push"'), base=settings("http://x")
        )
        district.find()
        drain(district, {**ENVIRONMENT, "PUSH_HOST": address})
    (entry,) = [e for e in district.entries(State.DELIVERED) if e.channel == "push"]
    (headers, body) = received[0]
    assert headers["Idempotency-Key"] == entry.key
    assert body["title"] == "秸秆露天焚烧"
    assert "Open straw burning found" in body["message"]


def test_a_push_service_that_refuses_is_told_with_its_status(district: District):
    with push_server(503) as (address, _):
        pushed = FIRE.replace('"push", "sms", "voice"', '"push"')
        district.settings(pushed, base=settings("http://x", attempts=2))
        district.find()
        said = drain(district, {**ENVIRONMENT, "PUSH_HOST": address})
    assert [(outcome.state, message.attempts) for message, outcome in said] == [
        (State.WAITING, 1),
        (State.DEAD, 2),
    ]
    for message, outcome in said:
        assert message.person_id == "li"
        assert "the push service did not take it (HTTP 503: " in outcome.error
    (dead,) = [e for e in district.entries(State.DEAD) if e.person_id == "li"]
    assert dead.error == said[-1][1].error


def test_what_became_of_each_alert_is_told(district: District):
    with gateway() as server:
        district.settings(by_sms(FIRE), base=settings(server.url))
        district.find()
        said = drain(district)
    delivered = {(e.key, e.receipt) for e in district.entries(State.DELIVERED) if e.person_id}
    assert {(message.key, outcome.receipt) for message, outcome in said} == delivered
    assert len(said) == 4


@contextmanager
def push_server(status: int = 204) -> Iterator[tuple[str, list]]:
    received: list = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), json.loads(content)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", received
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian)")
def test_a_broker_gets_every_alert_with_its_key(district: District, tmp_path: Path):
    with broker(tmp_path) as port:
        heard: list[tuple[str, dict]] = []
        enough, ready = threading.Event(), threading.Event()
        listener = Client(CallbackAPIVersion.VERSION2)
        listener.on_subscribe = lambda *_: ready.set()

        def hear(_client: object, _data: object, message: object) -> None:
            heard.append((message.topic, json.loads(message.payload)))  # type: ignore[attr-defined]
            if len(heard) == 3:
                enough.set()

        listener.on_message = hear
        listener.connect("127.0.0.1", port)
        listener.subscribe("aerogrid/#", qos=1)
        listener.loop_start()
        assert ready.wait(10)
        base = settings("http://x") + f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
        policy = '[[policies]]\ncategory = "*"\nevents = ["file"]\nchannels = ["mqtt"]\n'
        district.settings(policy, base=base)
        district.find()
        drain(district)
        assert enough.wait(10)
        listener.disconnect()
        listener.loop_stop()
    assert {topic for topic, _ in heard} == {
        "aerogrid/alerts/burning.straw/cell-1",
        "aerogrid/alerts/building.unpermitted/cell-1",
        "aerogrid/alerts/fishing.boat/cell-1",
    }
    assert {body["key"] for _, body in heard} == {e.key for e in district.entries(State.DELIVERED)}


def test_a_program_hears_of_every_event_signed_and_again_until_it_answers(district: District):
    def unwell_at_first(_key: str, times: int) -> str:
        return "error" if times < 3 else "fine"

    with gateway(unwell_at_first) as server:
        base = settings(server.url) + (
            '[[gateways]]\nchannel = "webhook"\ntemplate = "event"\nkey_id = "GATEWAY_KEY"\n'
            f'secret = "GATEWAY_SECRET"\nvalues = {{ url = "{server.url}" }}\n'
        )
        policy = '[[policies]]\ncategory = "*"\nevents = ["file"]\nchannels = ["webhook"]\n'
        district.settings(policy, base=base)
        district.find()
        deadline = time.monotonic() + 30
        while len(server.taken) < 3 and time.monotonic() < deadline:
            drain(district)
    told = {alert["category"]: alert for alert in server.taken}
    assert set(told) == {"burning.straw", "building.unpermitted", "fishing.boat"}
    assert set(server.asked.values()) == {3}
    assert server.refused == []  # what is not signed, or wrongly
    fire = told["burning.straw"]
    assert (fire["event"], fire["cell"], fire["cases"]) == ("file", "cell-1", fire["case"])
    assert float(fire["lon_deg"]) == pytest.approx(120, abs=5)


def test_a_policy_for_programs_needs_one(district: District):
    policy = '[[policies]]\ncategory = "*"\nevents = ["file"]\nchannels = ["webhook"]\n'
    with pytest.raises(AlertError, match="webhook, for which there is no gateway"):
        district.settings(policy, base='version = "test"\n')


def test_a_broker_that_is_away_is_an_error_to_try_again():
    with gateway() as server:
        port = server.server_address[1]
    carrier = MqttCarrier(Mqtt(host="127.0.0.1", port=port), {})
    with pytest.raises(DeliveryError, match="the broker cannot be reached"):
        carrier.hand_over(_message())


def _message() -> Message:
    body = {"category": "burning.straw", "cell": "", "event": "file"}
    return Message(1, "k", "w", Channel.MQTT, "", "", body, 1)


def test_only_one_sender_works_on_a_registry(where: str):
    Registry.open(where).close()
    with (
        only_sender(where),
        pytest.raises(AlertError, match="another sender is at work"),
        only_sender(where),
    ):
        pass
    with only_sender(where):  # given back
        pass


def test_secrets_come_from_the_environment_or_are_asked_for():
    parsed = parse_alerts(settings("http://x"), "a")
    with pytest.raises(AlertError, match="environment variable GATEWAY_KEY is not set"):
        make_carriers(parsed, Path(), {}, now)
    made = make_carriers(parsed, Path(), ENVIRONMENT, now)
    assert isinstance(made[Channel.SMS], GatewayCarrier)
    assert GatewayServer  # the server of these tests checks every signature

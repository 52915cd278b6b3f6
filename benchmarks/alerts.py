"""Is every alert delivered once, in order, through errors, time-outs and kill -9 of the sender?

    python -m benchmarks.alerts --cases 500 --kills 2

Cases are filed, confirmed, assigned and supervised; each step is told to two people by SMS and
voice and to a broker. The gateways are real HTTP servers on this machine that fail by the hash of
an alert's key: 10 % with an error, 1 % too slowly, 1 % with an answer that never comes, 1 in 500
for ever. The sender is the program itself, killed when a share of the alerts has been taken.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.broker import broker, find_mosquitto
from benchmarks.crash import FLOWN, file_patrol
from benchmarks.gateway_server import SECRET, GatewayServer, gateway
from cases.lifecycle import Action, Role
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.alerts import AlertEntry, State
from dispatch.outbox import Outbox

ROOT = Path(__file__).resolve().parents[1]
STEPS = (Action.CONFIRM, Action.ASSIGN, Action.SUPERVISE)
ALERTS_A_STEP = 5
CASES_A_PATROL = 50
TIMEOUT_S = 0.5
ROUTING = """
version = "stand-in"
people = [
    { id = "a", name = "A", phone = "+8613800000001" },
    { id = "b", name = "B", phone = "+8613800000002" },
]
departments = [{ code = "urban", name = { en = "Urban", zh = "城管" }, people = ["a"] }]
posts = [{ level = "district", people = ["b"] }]
routes = [{ category = "*", responsible = "urban" }]
"""


@dataclass
class Tally:
    """What became of the alerts."""

    made: int = 0
    delivered: int = 0
    dead: int = 0
    repeats: int = 0
    kills: int = 0
    took_s: float = 0.0
    sender_cpu_s: float = 0.0
    problems: list[str] = field(default_factory=list)


def mood(key: str, asked: int) -> str:
    """How a gateway takes an alert that it is asked for the n-th time; the same in every run."""
    share = int(key[:8], 16) / 0xFFFFFFFF
    if share < 0.002:
        return "refuse"
    if asked > 1:
        return "fine"
    return (
        "error" if share < 0.1 else "slow" if share < 0.11 else "lost" if share < 0.12 else "fine"
    )


def fill(registry_path: Path, cases: int) -> None:
    """File cases and take each through its steps."""
    rulebook = load_rulebook().without_grid()
    with Registry.open(registry_path) as registry:
        for patrol in range(-(-cases // CASES_A_PATROL)):
            houses = min(CASES_A_PATROL, cases - patrol * CASES_A_PATROL)
            result = file_patrol(registry, rulebook, patrol, houses=houses)
            for case_no in result.new:
                take_steps(registry, case_no)


def take_steps(registry: Registry, case_no: str) -> None:
    """Confirm, assign and supervise a case."""
    for version, action in enumerate(STEPS, 1):
        registry.decide(
            case_no,
            action,
            actor="benchmark",
            role=Role.ADMINISTRATOR,
            reason="benchmark",
            expected_version=version,
            now=FLOWN + timedelta(minutes=version),
            facts={"assigned_to": "department:urban"} if action is Action.ASSIGN else None,
        )


def write_settings(folder: Path, sms: str, voice: str, broker_port: int | None) -> Path:
    """Write routes, alerts and settings; gives the path of the settings."""
    channels = ["sms", "voice", *(["mqtt"] if broker_port else [])]
    gateways = "".join(
        f'[[gateways]]\nchannel = "{name}"\ntemplate = "webhook"\nkey_id = "GATEWAY_KEY"\n'
        f'secret = "GATEWAY_SECRET"\nvalues = {{ url = "{url}" }}\ntimeout_s = {TIMEOUT_S}\n'
        for name, url in (("sms", sms), ("voice", voice))
    )
    mqtt = f'[mqtt]\nhost = "127.0.0.1"\nport = {broker_port}\n' if broker_port else ""
    policy = (
        '[[policies]]\ncategory = "*"\nevents = ["file", "confirm", "assign", "supervise"]\n'
        f'to = ["department", "district"]\nchannels = {json.dumps(channels)}\n'
    )
    head = 'version = "stand-in"\nfirst_retry_s = 0.1\nlongest_retry_s = 1.0\n'
    (folder / "alerts.toml").write_text(head + policy + gateways + mqtt)
    (folder / "routing.toml").write_text(ROUTING)
    settings = folder / "district.toml"
    settings.write_text('[dispatching]\nrouting = "routing.toml"\nalerts = "alerts.toml"\n')
    return settings


@contextmanager
def listening(port: int) -> Iterator[list[dict[str, Any]]]:
    """Hear what is published; gives the list that it is put in."""
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion

    heard: list[dict[str, Any]] = []
    ready = threading.Event()

    def hear(_client: Client, _data: object, message: MQTTMessage) -> None:
        heard.append(json.loads(message.payload))

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = hear
    client.connect("127.0.0.1", port)
    client.subscribe("aerogrid/#", qos=1)
    client.loop_start()
    assert ready.wait(10), "the broker does not answer"
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def start_sender(patrol: Path, settings: Path) -> subprocess.Popen[bytes]:
    """Start the program."""
    command = [sys.executable, "-m", "cli.main", "alerts", "send", patrol, "--config", settings]
    environment = {**os.environ, "GATEWAY_KEY": "aerogrid", "GATEWAY_SECRET": SECRET}
    command += ["--since", FLOWN.isoformat()]
    with (settings.parent / "sender.log").open("ab") as log:  # a line for each alert
        return subprocess.Popen([*command, "--drain"], cwd=ROOT, env=environment, stderr=log)


def send_with_kills(
    patrol: Path, settings: Path, servers: Iterable[GatewayServer], kills: int, expected: int
) -> int:
    """Kill the sender each time that a further share was taken; gives how often that was."""
    killed = 0
    for number in range(1, kills + 1):
        sender = start_sender(patrol, settings)
        while sum(len(server.taken) for server in servers) < expected * number // (kills + 1):
            try:
                sender.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"the sender ended by itself with {sender.returncode}")
        sender.kill()
        sender.wait()
        killed += 1
    last = start_sender(patrol, settings)
    code = last.wait(1200)
    if code not in (0, 3):  # 3: there are dead letters
        raise RuntimeError(f"the sender ended with {code}")
    return killed


def run(folder: Path, *, cases: int, kills: int) -> Tally:
    """Send the alerts of some cases and look at what arrived."""
    patrol = folder / "patrol"
    fill(patrol / "cases.sqlite", cases)
    with ExitStack() as stack:
        servers = [stack.enter_context(gateway(mood)) for _ in range(2)]
        port = stack.enter_context(broker(folder)) if find_mosquitto() else None
        heard = stack.enter_context(listening(port)) if port else []
        settings = write_settings(folder, servers[0].url, servers[1].url, port)
        expected = cases * (len(STEPS) + 1) * 4
        begun, cpu = time.monotonic(), os.times()
        tally = Tally(kills=send_with_kills(patrol, settings, servers, kills, expected))
        tally.took_s = time.monotonic() - begun
        after = os.times()
        tally.sender_cpu_s = after.children_user + after.children_system
        tally.sender_cpu_s -= cpu.children_user + cpu.children_system
        with Outbox.open(patrol / "cases.sqlite") as outbox:
            entries = outbox.alerts(limit=10_000_000)
        judge(tally, entries, servers, heard)
    return tally


def judge(
    tally: Tally,
    entries: list[AlertEntry],
    servers: list[GatewayServer],
    heard: list[dict[str, Any]],
) -> None:
    """Hold what arrived against what was to be told."""
    tally.made = len(entries)
    by_state = {state: {e.key for e in entries if e.state is state} for state in State}
    tally.delivered, tally.dead = len(by_state[State.DELIVERED]), len(by_state[State.DEAD])
    if tally.delivered + tally.dead != tally.made:
        tally.problems.append(f"{tally.made - tally.delivered - tally.dead} alerts are unsettled")
    for name, server in zip(("sms", "voice"), servers, strict=True):
        wanted = {e.key for e in entries if e.channel == name and e.state is State.DELIVERED}
        taken = Counter(str(alert["key"]) for alert in server.taken)
        tally.repeats += sum(server.asked.values()) - len(server.asked)
        if set(taken) != wanted or max(taken.values()) != 1:
            tally.problems.append(f"{name}: {len(wanted)} delivered, {len(taken)} taken")
        tally.problems += disordered(name, server.taken)
        refused = {e.key for e in entries if e.channel == name and e.state is State.DEAD}
        if any(mood(key, 1) != "refuse" for key in refused):
            tally.problems.append(f"{name}: a dead letter that no gateway refused")
    published = {e.key for e in entries if e.channel == "mqtt"}
    if heard and {alert["key"] for alert in heard} != published:
        tally.problems.append("mqtt: what was heard is not what was published")


def disordered(name: str, taken: list[dict[str, Any]]) -> list[str]:
    """Name cases whose steps came to somebody in another order than they were taken."""
    last: dict[tuple[str, str], int] = {}
    problems = []
    for alert in taken:
        lane, sequence = (alert["case"], alert["phone"]), int(alert["sequence"])
        if sequence <= last.get(lane, 0):
            problems.append(f"{name}: {lane} got {sequence} after {last[lane]}")
        last[lane] = sequence
    return problems


def main() -> None:
    """Print what became of the alerts; exit code 1 where one is lost, doubled or out of order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--kills", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aerogrid-alerts-") as folder:
        tally = run(Path(folder), cases=given.cases, kills=given.kills)
    print(
        f"{tally.made} alerts: {tally.delivered} delivered once, {tally.dead} dead letters, "
        f"{tally.repeats} asked for again, {tally.kills} kills; {tally.took_s:.1f} s, "
        f"{tally.sender_cpu_s:.1f} s of CPU of the senders"
    )
    for problem in tally.problems[:20]:
        print(f"PROBLEM {problem}")
    sys.exit(1 if tally.problems else 0)


if __name__ == "__main__":
    main()

"""Do many inspectors at once lose a decision, or decide twice on one case?

    PYTHONPATH=. python benchmarks/inspectors.py [--inspectors 50] [--seconds 300] [--think 5]

A server with accounts runs in a process of its own; inspectors of the district and of its towns
sign in, take the next case, look at it, think, decide, and take the next one. Afterwards every
decision that was answered has to be in the history once, no case may have two, and nobody may have
been given a case of another town. Each inspector also listens to the news, as the page does, and
every second one is broken off again and again and goes on where that was: those of the district
have to hear of every decision that was taken after their `hello`, once. Milliseconds of an answer
are those of the clock, as a page sees them; memory and CPU are the server's.
"""

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from argon2 import PasswordHasher

from benchmarks.registry import fill
from cases.accounts import Accounts
from cases.lifecycle import Role
from cases.people import Account, Area
from cases.registry import Registry
from review.app import create_app
from review.server import Listening, serve
from review.sources import ReviewSources, open_sources

PASSWORD = "reed boat lantern"
TOWNS = 13
MB = 1024.0
LAST_NEWS_S = 15.0
"""So long news are waited for after the last decision of all."""
BROKEN_AFTER = 20
"""So many news, on average, are heard before a stream is broken off."""


@dataclass
class Tally:
    """What the inspectors have seen.

    Attributes:
        decided: number of the case and name of who decided, of every decision that was answered.
        foreign: cases that somebody of another town was given.
        answer_ms: by kind of request.
        refused: answers other than expected, by status.
        heard: numbers of the entries of the history that each inspector was told of.
        known: the last entry of the history before each inspector listened, by their `hello`.
        server_mb: memory of the server in use, ten times.
    """

    decided: list[tuple[str, str]] = field(default_factory=list)
    foreign: int = 0
    answer_ms: dict[str, list[float]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    heard: dict[str, list[int]] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    server_mb: list[int] = field(default_factory=list)


def run_server(path: Path, address: Connection) -> None:
    """Serve a registry until it is interrupted."""
    with open_sources(ReviewSources(path, ())) as data:
        serve(create_app(data), Listening(port=0), ready=address.send)


def make_accounts(path: Path, number: int) -> list[Account]:
    """Make inspectors: a quarter of the district, the others of a town each."""
    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    people = [
        Account(
            name=f"i{k}",
            display_name=f"Inspector {k}",
            roles=(Role.INSPECTOR,),
            area=Area() if k % 4 == 0 else Area(f"town {k % TOWNS}"),
        )
        for k in range(number)
    ]
    with Accounts.open(path, hasher=quick) as accounts:
        for person in people:
            accounts.add(person, PASSWORD)
    return people


@dataclass(frozen=True, slots=True)
class Work:
    """How all inspectors work: until when, how long they think, and that all have ended."""

    address: str
    until: float
    think_s: float
    all_done: asyncio.Barrier


async def inspect(work: Work, person: Account, tally: Tally, rng: random.Random) -> None:
    """Review one case after the other until the time is up, and listen until all have ended."""
    async with httpx2.AsyncClient(base_url=work.address, timeout=120) as client:
        body = {"name": person.name, "password": PASSWORD}
        await _ask(client, tally, "sign in", "/api/session", body)
        listening = asyncio.create_task(listen(client, person, tally, rng))
        while time.monotonic() < work.until:
            if not await _review_next(client, person, tally, work.think_s, rng):
                break
        await work.all_done.wait()
        await asyncio.sleep(LAST_NEWS_S)
        if listening.done():
            listening.result()  # tells what it failed of
        listening.cancel()


async def _review_next(
    client: httpx2.AsyncClient, person: Account, tally: Tally, think_s: float, rng: random.Random
) -> bool:
    """Take a case, look at it, think and decide; whether there was one."""
    taken = await _ask(client, tally, "next", "/api/claims/next", {})
    if taken is None:
        return False
    case = await _ask(client, tally, "case", f"/api/cases/{taken['no']}")
    if not person.area.holds(case["town"], case["village"]):
        tally.foreign += 1
    await asyncio.sleep(rng.uniform(0.5, 1.5) * think_s)
    choice = rng.choice([{"decision": "confirm"}, {"decision": "reject", "reason": "unclear"}])
    url = f"/api/cases/{taken['no']}/decision"
    answer = await _ask(client, tally, "decide", url, {**choice, "version": case["version"]})
    if answer is not None:
        tally.decided.append((taken["no"], person.display_name))
    return True


async def listen(
    client: httpx2.AsyncClient, person: Account, tally: Tally, rng: random.Random
) -> None:
    """Hear of decisions until one is told to stop; go on where one was broken off."""
    is_broken_off = int(person.name[1:]) % 8 >= 4
    last = ""
    while True:
        left = rng.randint(1, 2 * BROKEN_AFTER) if is_broken_off else math.inf
        said = {"Last-Event-ID": last} if last else {}
        async with client.stream("GET", "/api/events", headers=said, timeout=None) as answer:
            answer.raise_for_status()
            async for event in _events(answer):
                last = event["id"]
                tally.known.setdefault(person.name, int(last.partition(".")[0]))
                left -= 1
                news = json.loads(event["data"])
                if news.get("action") in ("confirm", "reject"):
                    tally.heard.setdefault(person.name, []).append(news["seq"])
                if left <= 0:
                    break


async def _events(answer: httpx2.Response) -> AsyncIterator[dict[str, str]]:
    """Fields of each event of a stream; comments are passed over."""
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name:
            event[name] = value
        elif "id" in event:
            yield event
            event = {}


async def _ask(
    client: httpx2.AsyncClient, tally: Tally, kind: str, url: str, body: Any = None
) -> Any:
    start = time.perf_counter()
    answer = await (client.get(url) if body is None else client.post(url, json=body))
    tally.answer_ms.setdefault(kind, []).append(1000 * (time.perf_counter() - start))
    if answer.status_code == 200:
        return answer.json()
    if answer.status_code != 204:
        tally.refused[f"{kind} {answer.status_code}"] += 1
    return None


async def review(
    address: str, people: list[Account], seconds: float, think_s: float, tally: Tally, pid: int
) -> None:
    """Let everybody work at once, and look at the server's memory ten times meanwhile."""
    until = time.monotonic() + seconds
    work = Work(address, until, think_s, asyncio.Barrier(len(people)))
    weighing = asyncio.create_task(weigh(pid, seconds / 10, tally))
    await asyncio.gather(
        *(inspect(work, person, tally, random.Random(k)) for k, person in enumerate(people))
    )
    weighing.cancel()


async def weigh(pid: int, every_s: float, tally: Tally) -> None:
    """Write down how much memory a process has in use until one is told to stop."""
    while True:
        tally.server_mb.append(round(resident_mb(pid)))
        await asyncio.sleep(every_s)


def resident_mb(pid: int) -> float:
    """Memory of a process that is in use."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / MB for line in lines if line.startswith("VmRSS"))


def cpu_s(pid: int) -> float:
    """CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def verdict(path: Path, people: list[Account], tally: Tally) -> dict[str, int]:
    """Compare what was answered with what the history holds."""
    with Registry.open(path) as registry:
        report = registry.verify_chain()
        kept = [
            [event for event in registry.history(no) if event.action in ("confirm", "reject")]
            for no, _ in tally.decided
        ]
    twice = [no for no, count in Counter(no for no, _ in tally.decided).items() if count > 1]
    lost = sum(
        who not in {event.actor for event in events}
        for (_, who), events in zip(tally.decided, kept, strict=True)
    )
    decisions = {event.seq for events in kept for event in events}
    everywhere = [person.name for person in people if person.area.is_district]
    known = {name: tally.known.get(name, 0) for name in everywhere}  # without hello: all is missed
    to_hear = {name: {seq for seq in decisions if seq > known[name]} for name in everywhere}
    return {
        "decisions": len(tally.decided),
        "lost": lost,
        "double": len(twice) + sum(len(events) > 1 for events in kept),
        "foreign": tally.foreign,
        "news_to_hear": sum(map(len, to_hear.values())),
        "news_missed": sum(
            len(to_hear[name] - set(tally.heard.get(name, ()))) for name in everywhere
        ),
        "news_before_listening": sum(
            seq <= known[name] for name in everywhere for seq in decisions
        ),
        "news_told_twice": sum(len(seqs) - len(set(seqs)) for seqs in tally.heard.values()),
        "problems_of_chain": len(report.problems),
    }


def measure(
    folder: Path, inspectors: int, seconds: float, think_s: float, cases: int
) -> dict[str, Any]:
    """Fill, serve, review and compare."""
    path = folder / "cases.sqlite"
    fill(path, cases, seed=1)
    people = make_accounts(path, inspectors)
    told, tell = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=run_server, args=(path, tell))
    server.start()
    try:
        address = told.recv()
        tally = Tally()
        pid = server.pid or 0
        asyncio.run(review(address, people, 5.0, think_s, Tally(), pid))
        first_s = cpu_s(pid)
        asyncio.run(review(address, people, seconds, think_s, tally, pid))
        last_s = cpu_s(pid)
    finally:
        os.kill(server.pid or 0, signal.SIGINT)
        server.join(30)
    return {
        **verdict(path, people, tally),
        "refused": dict(tally.refused),
        "p95_ms": {
            kind: round(float(np.percentile(ms, 95))) for kind, ms in tally.answer_ms.items()
        },
        "server_cpu_ms_per_decision": round(1000 * (last_s - first_s) / len(tally.decided), 1),
        "server_mb": tally.server_mb,
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inspectors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--think", type=float, default=5.0, help="Seconds for a case, on average.")
    parser.add_argument("--cases", type=int, default=60_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(
            Path(folder), options.inspectors, options.seconds, options.think, options.cases
        )
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()

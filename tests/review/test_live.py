"""News as they happen: nothing twice, nothing lost while nobody listened, nobody else's."""

import asyncio
import gc
from collections.abc import Iterator
from itertools import islice

import pytest
from fastapi.testclient import TestClient

from cases.errors import RegistryError
from cases.lifecycle import Role
from cases.people import Account, Area
from cases.registry import Registry
from dispatch.news import Place
from review import live
from review.admission import COOKIE
from review.app import create_app
from review.bell import Bell
from review.sources import ReviewData, ReviewSources
from tests.cases.test_accounts import PASSWORD, QUICK

from .conftest import NOW, URL
from .serving import served, stream

FIRST, SECOND = "20260610-0001", "20260610-0002"


@pytest.fixture
def address(data: ReviewData) -> Iterator[str]:
    with served(create_app(data, clock=lambda: NOW)) as address:
        yield address


def decide(registry: Registry, number: str, action: str) -> None:
    version = registry.case(number).version
    registry.decide(number, action, actor="Li", expected_version=version, now=NOW)


def test_what_another_program_writes_arrives_while_one_listens(
    address: str, sources: ReviewSources
):
    with stream(address, "/api/events") as events:
        assert next(events)["event"] == "hello"
        with Registry.open(sources.registry) as other:
            decide(other, SECOND, "confirm")
        told = next(events)
    assert told["event"] == "case"
    facts = {"no": SECOND, "action": "confirm", "stage": "established", "actor": "Li"}
    assert facts.items() <= told["data"].items()


def test_nothing_is_lost_or_told_twice_over_a_break(address: str, data: ReviewData, monkeypatch):
    monkeypatch.setattr(live, "BATCH", 2)  # a longer absence is told in several parts
    with stream(address, "/api/events") as events:
        known = next(events)["id"]
    for action in ("confirm", "undo", "confirm", "undo", "reject"):
        reason = {"reason": "harmless"} if action == "reject" else {}
        version = data.registry.case(FIRST).version
        data.registry.decide(FIRST, action, actor="Li", expected_version=version, now=NOW, **reason)
    told = []
    for header in (False, True) * 3:  # broken off after each event; by address and header in turn
        where = "/api/events" if header else f"/api/events?after={known}"
        with stream(address, where, {"Last-Event-ID": known} if header else None) as events:
            assert next(events)["id"] == known
            if len(told) == 5:
                break
            told.append(next(events))
        known = told[-1]["id"]
    assert [event["data"]["action"] for event in told] == [
        "confirm", "undo", "confirm", "undo", "reject",
    ]  # fmt: skip
    assert len({event["id"] for event in told}) == 5


def test_the_whole_history_is_told_to_who_asks_from_the_beginning(address: str, data: ReviewData):
    numbers = [case.case_no for case in data.registry.cases()]
    entries = [event.seq for number in numbers for event in data.registry.history(number)]
    with stream(address, "/api/events?after=0.0") as events:
        assert next(events)["id"] == "0.0"
        told = [event["data"]["seq"] for event in islice(events, len(entries))]
    assert told == sorted(entries)


@pytest.mark.parametrize("known", ["", "x", "1", "1.-1", "9" * 30 + ".0", "1.1'--"])
def test_an_id_that_we_never_gave_begins_now(known: str, address: str, data: ReviewData):
    end = data.news.place()
    with stream(address, "/api/events", {"Last-Event-ID": known}) as events:
        assert next(events)["id"] == f"{end.seq}.{end.notice_id}"


def test_a_place_beyond_a_registry_that_was_set_back_comes_to_its_end(data: ReviewData):
    batch = data.news.after(Place(10**6, 10**6), 10)
    assert (batch.changes, batch.place) == ((), data.news.place())


def test_reading_news_gives_the_connection_back_at_once(data: ReviewData):
    """One kept until Python tidies up holds all news back once as many as there may be are out."""
    gc.disable()
    try:
        data.news.after(Place(0, 0), 10)
        assert data.news._engine.pool.checkedout() == 0
    finally:
        gc.enable()


def add(data: ReviewData, monkeypatch, area: Area) -> None:
    monkeypatch.setattr(data.accounts, "_hasher", QUICK)
    person = Account(name="chen", display_name="Chen", roles=(Role.INSPECTOR,), area=area)
    data.accounts.add(person, PASSWORD)


def signed_in(data: ReviewData) -> str:
    return data.accounts.sign_in("chen", PASSWORD, address="", now=NOW)


def test_who_is_moved_hears_no_more_of_the_old_area_and_who_has_left_nothing(
    data: ReviewData, monkeypatch
):
    monkeypatch.setattr(live, "ASK_AGAIN_S", 0.05)
    add(data, monkeypatch, Area("沙岸镇"))
    with served(create_app(data, clock=lambda: NOW)) as address:
        cookie = {"Cookie": f"{COOKIE}={signed_in(data)}"}
        with stream(address, "/api/events", cookie) as events:
            next(events)
            decide(data.registry, FIRST, "confirm")
            assert next(events)["data"]["no"] == FIRST
            data.accounts.change("chen", roles=(Role.INSPECTOR,), area=Area("海口镇"))
            decide(data.registry, SECOND, "confirm")
            data.accounts.deactivate("chen")
            assert list(events) == []


def test_news_of_an_area_are_of_its_cases(data: ReviewData):
    decide(data.registry, FIRST, "confirm")
    here, there = (data.news.within(Area(town)) for town in ("沙岸镇", "海口镇"))
    assert [change.case_no for change in here.after(Place(0, 0), 100).changes][-1] == FIRST
    assert there.after(Place(0, 0), 100).changes == ()


def test_who_goes_while_news_are_on_their_way_is_no_failure(data: ReviewData):
    """As the server tells the application of it: the page is gone, and what is sent waits."""
    told: list[str] = []

    async def go() -> None:
        is_told = asyncio.Event()

        async def receive() -> dict[str, str]:
            await is_told.wait()
            for _ in range(100):  # until all that can be made ready to be sent is
                await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, str]) -> None:
            told.append(message["type"])
            if len(told) > 2:
                is_told.set()
                await asyncio.Event().wait()

        scope = {
            "type": "http", "asgi": {"spec_version": "2.3"}, "method": "GET", "scheme": "http",
            "path": "/api/events", "query_string": b"after=0.0", "client": ("127.0.0.1", 1),
            "headers": [(b"host", b"127.0.0.1")],
        }  # fmt: skip
        await asyncio.wait_for(create_app(data)(scope, receive, send), 20)

    asyncio.run(go())
    assert told == ["http.response.start", "http.response.body", "http.response.body"]


def test_a_stream_ends_where_the_registry_is_away_and_goes_on_later(
    address: str, data: ReviewData, monkeypatch, caplog
):
    def away(*_: object) -> None:
        raise RegistryError("busy")

    with monkeypatch.context() as patch:
        patch.setattr(type(data.news), "after", away)
        with stream(address, "/api/events") as events:
            known = [event["id"] for event in events]
    decide(data.registry, FIRST, "confirm")
    assert len(known) == 1
    assert [(line.name, line.levelname) for line in caplog.records] == [("review.live", "WARNING")]
    with stream(address, "/api/events", {"Last-Event-ID": known[0]}) as events:
        assert [next(events)["event"], next(events)["data"]["no"]] == ["hello", FIRST]


def test_nobody_listens_without_signing_in(data: ReviewData, monkeypatch):
    add(data, monkeypatch, Area())
    with TestClient(create_app(data, clock=lambda: NOW), base_url=URL) as client:
        assert client.get("/api/events").status_code == 401


def test_more_than_there_is_room_for_are_told_to_come_later(data: ReviewData, monkeypatch):
    monkeypatch.setattr(live, "MOST_STREAMS", 0)
    with TestClient(create_app(data), base_url=URL) as client:
        answer = client.get("/api/events")
    assert (answer.status_code, answer.headers["content-type"]) == (
        503, "application/problem+json",
    )  # fmt: skip


class Looks:
    """Counts the looks; the registry grows with the third, after one that fails."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Place:
        self.count += 1
        if self.count == 2:
            raise RegistryError("busy")
        return Place(0, 0) if self.count < 3 else Place(1, 0)


def test_one_look_serves_all_who_listen_and_none_is_taken_for_nobody():
    looks = Looks()

    async def listen() -> tuple[int, int]:
        bell = Bell(looks, every_s=0.01)
        await asyncio.gather(*(bell.wait(Place(0, 0), 60) for _ in range(50)))
        return looks.count, bell.listeners

    assert asyncio.run(listen()) == (3, 0)


def test_closing_lets_everybody_go():
    async def listen() -> None:
        bell = Bell(lambda: Place(0, 0), every_s=0.01)
        waiting = asyncio.gather(*(bell.wait(Place(0, 0), 60) for _ in range(3)))
        await asyncio.sleep(0)
        bell.close()
        await asyncio.wait_for(waiting, 10)

    asyncio.run(listen())

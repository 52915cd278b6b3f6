"""The command page's API: the figures of the bulletin, and what each cell has."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from shapely import box

from cases.lifecycle import Role, Stage
from cases.people import Area
from dispatch.period import Length, make_period_figures, period_of
from geo.grid import Cell, Grid
from review.app import create_app
from review.basemap import Basemap
from review.errors import BasemapError
from review.memo import Memo
from review.patrolled import cells_seen
from review.sources import ReviewData

from .conftest import FLOWN, NOW, URL

EAST = "320624001001001"  # where the cases say that they are


def act(data: ReviewData, number: str, action: str, at, **more) -> None:
    version = data.registry.case(number).version
    data.registry.decide(number, action, actor="Li", expected_version=version, now=at, **more)


@pytest.fixture
def acted(data: ReviewData) -> ReviewData:
    """Two cases are established; one of them is closed at once, the other one never."""
    first, second = (case.case_no for case in data.registry.cases(order="number")[:2])
    for number in (first, second):
        act(data, number, "confirm", FLOWN)
    act(data, first, "assign", FLOWN, role=Role.COMMAND)
    act(data, first, "start", FLOWN, role=Role.OFFICER)
    act(data, first, "feed_back", FLOWN, role=Role.OFFICER)
    act(data, first, "close", FLOWN + timedelta(hours=1))
    return data


@pytest.mark.parametrize("length", Length)
def test_figures_are_those_of_the_bulletin(acted: ReviewData, length: Length):
    day = FLOWN.date()
    with TestClient(create_app(acted, clock=lambda: NOW), base_url=URL) as client:
        told = client.get(f"/api/figures?period={length}&on={day}").json()
    cases = acted.registry.cases(stage=tuple(Stage), limit=None)
    figures = make_period_figures(
        cases,
        acted.registry.histories(case.case_no for case in cases),
        acted.rulebook.categories,
        acted.timetable,
        period_of(length, day, acted.timetable.calendar.utc_offset_hours).as_of(NOW),
    )
    assert figures.now.reported == 4
    assert figures.now.closed == 1
    for name in (entry["name"] for entry in (*told["names"], *told["shares"])):
        assert told["now"][name] == getattr(figures.now, name)
        assert told["before"][name] == getattr(figures.before, name)
    assert [row["label"]["zh"] for row in told["by_category"]] == [
        row.name.zh for row in figures.by_category
    ]
    assert told["by_town"][0]["now"]["reported"] == 4


def test_figures_change_with_the_next_decision(acted: ReviewData):
    with TestClient(create_app(acted, clock=lambda: NOW), base_url=URL) as client:
        url = f"/api/figures?period=day&on={FLOWN.date()}"
        before = client.get(url).json()["now"]["established"]
        third = acted.registry.cases(order="number")[2].case_no
        act(acted, third, "confirm", FLOWN)
        assert client.get(url).json()["now"]["established"] == before + 1


@pytest.mark.parametrize("query", ["period=year", "on=yesterday", "on=1850-01-01", "on=9999-12-31"])
def test_a_period_that_is_none_is_refused(client: TestClient, query: str):
    answer = client.get(f"/api/figures?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (
        422,
        "application/problem+json",
    )


def test_each_cell_has_what_is_open_overdue_and_when_it_was_patrolled(acted: ReviewData):
    later = FLOWN + timedelta(days=60)
    with TestClient(create_app(acted, clock=lambda: later), base_url=URL) as client:
        told = client.get("/api/district").json()
    east, other = sorted(told["cells"], key=lambda cell: cell["code"])
    assert east["code"] == EAST
    facts = {"to_review": 2, "open": 3, "overdue": 1}
    assert facts.items() <= east.items()
    assert east["last_patrol"] == FLOWN.isoformat().replace("+00:00", "Z")
    assert (other["open"], other["last_patrol"]) == (0, None)
    late = [case for case in told["cases"] if case[6]]
    assert [case[3] for case in late] == ["established"]
    number, due_at = late[0][0], late[0][8]
    assert due_at == client.get(f"/api/cases/{number}").json()["due_at"]
    assert [case[8] for case in told["cases"] if not case[6]] == [None] * 3  # no limit runs
    assert len(told["cases"]) == 4
    assert told["left_out"] == 0
    assert told["basemap"] is None


def test_dots_beyond_the_most_are_counted(data: ReviewData, monkeypatch):
    monkeypatch.setattr("review.commanding.MOST_POINTS", 3)
    with TestClient(create_app(data, clock=lambda: NOW), base_url=URL) as client:
        told = client.get("/api/district").json()
    assert (len(told["cases"]), told["left_out"]) == (3, 1)


def test_an_area_has_its_own_dots_and_counts(data: ReviewData):
    nothing = data.atlas.within(Area("海口镇"))
    assert (nothing.points(10), dict(nothing.counts()), dict(nothing.last_seen())) == ([], {}, {})
    assert len(data.atlas.within(Area("沙岸镇", "东塘村")).points(10)) == 4


def test_a_cell_is_patrolled_when_photos_show_half_of_it():
    cells = Grid(
        [
            replace(Cell("1", "", "", "", "", box(0, 0, 1, 1)), code=f"{column}", boundary=shape)
            for column, shape in enumerate(box(x, 0, x + 1, 1) for x in range(3))
        ]
    )
    photos = [box(0, 0, 0.3, 1), box(0.2, 0, 0.6, 1), box(1, 0, 1.45, 1)]
    assert cells_seen(photos, cells) == {"0"}
    assert cells_seen([], cells) == frozenset()


def test_a_memo_answers_again_until_the_stamp_changes_and_keeps_few():
    memo, made = Memo(most=2), []

    def ask(question: str, stamp: int) -> int:
        return memo.get(question, stamp, lambda: made.append(question) or len(made))

    assert [ask("a", 1), ask("a", 1), ask("a", 2), ask("b", 1), ask("c", 1)] == [1, 1, 2, 3, 4]
    assert [ask("b", 1), ask("a", 2)] == [3, 5]  # "a" had to go for "c"
    assert len(memo._making) == 2


@pytest.mark.parametrize(
    "url",
    ["", "tiles/{z}/{x}/{y}", "https://a.example/{z}/{x}.png", "ftp://a.example/{z}/{x}/{y}",
     "https://a.example; script-src */{z}/{x}/{y}", "https://{s}.example/{z}/{x}/{y}"],
)  # fmt: skip
def test_an_address_that_is_none_of_tiles_is_refused(url: str):
    with pytest.raises(BasemapError, match="give the address of tiles"):
        Basemap(url)


def test_pictures_of_the_ground_may_be_loaded_from_their_place_and_no_other(data: ReviewData):
    basemap = Basemap("https://tiles.example/{z}/{x}/{y}.png", "gcj02", "© Example")
    with TestClient(create_app(data, basemap=basemap), base_url=URL) as client:
        answer = client.get("/command")
        told = client.get("/api/district").json()["basemap"]
    policy = answer.headers["content-security-policy"].split("; ")
    assert "img-src 'self' data: blob: https://tiles.example" in policy
    assert "default-src 'self'" in policy
    assert told == {"url": basemap.url, "frame": "gcj02", "credit": "© Example"}

"""By which index SQLite finds a page, a count, the dots of a map: any other takes 0.1 s and more.

SQLite plans alike for an empty registry and one of a million cases, since it has no statistics.
"""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.orm import Session

from cases import listing
from cases.atlas import SHOWN, dots, newest_sights, numbered
from cases.database import connect
from cases.lifecycle import Stage
from cases.people import DISTRICT, Area

CHOICES = product(
    (None, Stage.REPORTED, Stage.CLOSED), (None, "burning.straw"), (None, "w1"),
    (Area("West"), Area("West", "Reed")), ("urgency", "newest", "number"),
)  # fmt: skip


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Session]:
    engine = connect(tmp_path / "cases.sqlite", lock_timeout_s=5)
    with Session(engine) as session:
        yield session
    engine.dispose()


def plan(session: Session, query: Select[Any]) -> list[str]:
    """How SQLite goes about a query."""
    sql = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    steps = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
    return [step.detail for step in steps]


def test_an_area_is_looked_up_by_its_town_or_cell_alone(empty: Session):
    """Any other index leads through the cases of everybody; a million of them took 0.3 s."""
    for stage, category, cell_code, area, order in CHOICES:
        choice = listing.Choice(stage, category, cell_code, area=area)
        first = plan(empty, listing.walked(choice, order, None, 101))[0]
        by_town = r"COVERING INDEX ix_cases_town(_seen)? \(town=\?\)"
        if order == "number":
            by_town = r"COVERING INDEX ix_cases_town"
        elif stage is not None:
            by_town = r"COVERING INDEX ix_cases_town_stage(_seen)? \(town=\? AND stage=\?\)"
        wanted = r"INDEX ix_cases_(work_)?cell" if cell_code else by_town
        assert re.search(wanted, first), (choice, order, first)


@pytest.mark.parametrize("order", ["urgency", "newest", "oldest"])
@pytest.mark.parametrize("area", [DISTRICT, Area("West")])
@pytest.mark.parametrize("category", [None, "burning.straw"])
def test_no_more_than_a_page_of_each_stage_is_sorted(
    empty: Session, order: listing.Order, area: Area, category: str | None
):
    """Else all cases of the stages are."""
    choice = listing.Choice((Stage.CLOSED, Stage.REJECTED), category, area=area)
    steps = plan(empty, listing.walked(choice, order, None, 101))
    by = r"stage=\? AND category=\?" if category else r"stage=\?"
    by = r"town=\? AND stage=\?" if area.town else by
    ways = [step for step in steps if re.search(rf"COVERING INDEX \w+ \({by}\)", step)]
    assert len(ways) == 2, steps
    assert sum("ORDER BY" in step for step in steps) == 1, steps


@pytest.mark.parametrize("stage", [None, Stage.REPORTED, (Stage.CLOSED, Stage.REJECTED)])
@pytest.mark.parametrize("area", [DISTRICT, Area("West"), Area("West", "Reed")])
@pytest.mark.parametrize("cell", [None, "w1"])
def test_a_small_window_leads_whatever_else_is_asked(
    empty: Session,
    stage: Stage | tuple[Stage, ...] | None,
    area: Area,
    cell: str | None,
):
    """All of a town was walked through for the cases of a street."""
    bbox = (119.8, 32.4, 119.81, 32.41)
    choice = listing.Choice(stage, "burning.straw", cell, bbox=bbox, area=area)
    near = listing.in_window(empty, bbox)
    for order in ("urgency", "newest"):
        steps = plan(empty, listing.ordered(choice, order, None, near=near).limit(101))
        assert re.search(r"SEARCH cases USING INDEX \w+ \(case_no=\?\)", steps[0]), steps


@pytest.mark.parametrize("stage", [None, Stage.REPORTED, tuple(Stage)])
@pytest.mark.parametrize("area", [DISTRICT, Area("West"), Area("West", "Reed")])
def test_named_cases_are_looked_up_by_number(
    empty: Session, stage: Stage | tuple[Stage, ...] | None, area: Area
):
    """All of a town, or of everybody, was walked through for thirty of them."""
    numbers = [f"20260610-{k:04d}" for k in range(30)]
    choice = listing.Choice(stage, area=area, numbers=numbers)
    for query in (listing.walked(choice, "urgency", None, 101), numbered(area, numbers)):
        steps = plan(empty, query)
        assert re.search(r"SEARCH cases USING INDEX \w+ \(case_no=\?\)", steps[0]), steps


COUNTED = {
    r"ix_case_counts_stage \(stage=\?\)": listing.Choice(Stage.CLOSED),
    r"ix_case_counts_cell \(cell_code=\?\)": listing.Choice(cell="w1", area=Area("West")),
    r"ix_case_counts_area \(town=\?\)": listing.Choice(area=Area("West")),
    r"ix_case_counts_area \(town=\? AND village=\? AND stage=\?": listing.Choice(
        Stage.CLOSED, "burning.straw", area=Area("West", "Reed")
    ),
}


@pytest.mark.parametrize("by", COUNTED)
def test_counts_are_looked_up_by_stage_cell_or_area(empty: Session, by: str):
    [step] = plan(empty, listing.counted(COUNTED[by]))
    assert re.search(by, step), step


@pytest.mark.parametrize("area", [DISTRICT, Area("West"), Area("West", "Reed")])
@pytest.mark.parametrize("also", [(), ("20260610-0001", "20260610-0002")])
def test_as_many_dots_of_a_map_as_are_shown_are_taken_of_each_stage(
    empty: Session, area: Area, also: tuple[str, ...]
):
    """Else all cases were walked through where most are over, or sorted where few are."""
    steps = plan(empty, dots(area, 2000, also))
    by = r"town_stage \(town=\? AND stage=\?" if area.town else r"stage \(stage=\?"
    ways = [step for step in steps if re.search(rf"COVERING INDEX ix_cases_{by}\)", step)]
    assert len(ways) == len(SHOWN), steps
    others = [step for step in steps if " cases USING " in step and step not in ways]
    assert others, steps
    assert all(re.search(r"SEARCH cases USING .*\(case_no=\?\)", step) for step in others), steps
    assert not any(step.startswith("SCAN cases") for step in steps), steps


@pytest.mark.parametrize("area", [DISTRICT, Area("West"), Area("West", "Reed")])
def test_the_last_sight_in_a_cell_is_looked_up(empty: Session, area: Area):
    steps = plan(empty, newest_sights(area))
    assert any(re.search(r" cases USING .*ix_cases_cell_seen", step) for step in steps), steps
    assert not any(step.startswith("SCAN cases") for step in steps), steps

"""The model of a province stands on figures that were measured, and its page is what it says."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.province import (
    LAST_H,
    READY_H,
    UNITS,
    Given,
    cores_by_morning,
    demands,
    longest_wait_h,
    photo_core_s,
    stored_tb,
    tables,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULTS = " ".join((DOCS / "results.md").read_text(encoding="utf-8").split())
PAGE = (DOCS / "province.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", UNITS)
def test_each_unit_cost_stands_in_the_results(name: str):
    assert UNITS[name].source in RESULTS


def test_the_page_holds_the_tables_that_the_program_makes():
    for line in tables(Given()):
        assert line in PAGE


def test_twice_the_photos_take_twice_of_all():
    twice = {d.what: d.week for d in demands(replace(Given(), photos=2e6))}
    assert twice == pytest.approx({d.what: 2 * d.week for d in demands(Given())})
    assert sum(stored_tb(replace(Given(), photos=2e6)).values()) == pytest.approx(
        2 * sum(stored_tb(Given()).values())
    )


def test_fewest_cores_that_are_done_by_morning_are_told():
    given, night_h = Given(), 24 - LAST_H + READY_H
    cores = cores_by_morning(given)
    assert longest_wait_h(given, cores) <= night_h < longest_wait_h(given, cores - 1)
    day_core_s = given.photos / 5 * photo_core_s()
    assert cores * (24 - (9 - READY_H)) * 3600 >= day_core_s  # no less than the work of a day


def test_what_gives_way_first_comes_first():
    found = demands(replace(Given(), decision_s=0.001, store_mbit_s=1.0))
    assert found[0].what == "photos over the network"
    assert [d.needed for d in found] == sorted((d.needed for d in found), reverse=True)

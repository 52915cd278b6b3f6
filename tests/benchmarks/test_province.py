"""The model of a province stands on figures that were measured, and its page is what it says."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.patrol_week import PhotoCosts, done_at_s, shortest_s, steps_of_patrol
from benchmarks.province import (
    ALL,
    NIGHT_H,
    READY_H,
    UNITS,
    Given,
    cores_by_morning,
    demands,
    largest_patrol,
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
    given = Given()
    cores = cores_by_morning(given)
    assert longest_wait_h(given, cores) <= NIGHT_H < longest_wait_h(given, cores - 1)
    day_core_s = given.photos / 5 * photo_core_s()
    assert cores * (24 - (9 - READY_H)) * 3600 >= day_core_s  # no less than the work of a day


COSTS = PhotoCosts(read_s=1.0, adjust_s=2.0, search_s=3.0, associate_s=0.5)


def test_a_patrol_is_adjusted_and_joined_by_one_worker_however_many_there_are():
    (one,) = done_at_s([10.0], 32.0, COSTS, workers=1)
    assert one == 10.0 + 32 * (1.0 + 2.0 + 3.0 + 0.5)
    (many,) = done_at_s([10.0], 32.0, COSTS, workers=100)
    assert many == 10.0 + 16 * (1.0 + 3.0) + 32 * (2.0 + 0.5)
    assert many == 10.0 + shortest_s(32.0, COSTS)


def test_patrols_do_not_wait_for_each_other_while_there_are_workers():
    alone_s = shortest_s(32.0, COSTS)
    assert done_at_s([0.0, 1.0], 32.0, COSTS, workers=4) == [alone_s, 1.0 + alone_s]
    first, second = done_at_s([0.0, 0.0], 32.0, COSTS, workers=1)
    assert second == 2 * 32 * 6.5  # no time is lost, and what was begun first ends first
    assert first < second


def test_photos_left_over_are_a_shard_of_their_own():
    (_, read), *_ = steps_of_patrol(40.0, COSTS)
    assert read == [16.0, 16.0, 8.0]


def test_larger_patrols_wait_longer_and_more_cores_do_not_help_the_last():
    small, large = Given(), replace(Given(), patrol_photos=20_000.0)
    cores = cores_by_morning(small)
    assert longest_wait_h(large, cores) > longest_wait_h(small, cores)
    assert longest_wait_h(large, ALL) == pytest.approx(20 * longest_wait_h(small, ALL), rel=0.05)


def test_a_patrol_that_no_night_is_enough_for_is_told():
    most = largest_patrol(Given())
    assert longest_wait_h(Given(photos=most, patrol_photos=most), ALL) == pytest.approx(NIGHT_H)
    with pytest.raises(ValueError, match=r"no number of cores does it\. Cut flights into smaller"):
        cores_by_morning(replace(Given(), patrol_photos=1.2 * most))


def test_what_gives_way_first_comes_first():
    found = demands(replace(Given(), decision_s=0.001, store_mbit_s=1.0))
    assert found[0].what == "photos over the network"
    assert [d.needed for d in found] == sorted((d.needed for d in found), reverse=True)

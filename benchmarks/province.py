"""What does a province of 100 districts need for 10^6 photos a week, and what gives way first?

    python -m benchmarks.province [--photos 1000000] [--photo-mb 8] ...

Unit costs are figures that were measured, each with the words of docs/results.md that it stands in
(tests/benchmarks/test_province.py looks them up); what nobody can measure here, such as sizes of
photos, hours of work and prices, is given by options and told as such. A week is lived through task
by task: patrols land in working hours, workers take what waits, and one worker alone adjusts a
patrol and joins its sightings (benchmarks/patrol_week.py). It prints docs/province.md's tables.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache

from benchmarks.patrol_week import PhotoCosts, done_at_s, shortest_s
from pipeline.campaign import PHOTOS_PER_TASK

WEEK_H = 168
DAYS, FIRST_H, LAST_H = 5, 9, 17
"""Photos land on five days between these hours."""
READY_H = 8
"""What landed on a day is to be searched when people begin to work on the next one."""
NIGHT_H = 24 - LAST_H + READY_H
ALL = 1_000_000
"""More cores than there are tasks."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A measured figure, and words of docs/results.md where it stands."""

    value: float
    unit: str
    source: str


UNITS = {
    "read": Unit(0.3, "core s a photo", "reading 0.2 to 0.3 s"),
    "search": Unit(2 / 1.157, "core s a photo", "1.157 photos a second against 1.259"),
    "adjust": Unit(234 / 200, "core s a photo", "234 s of CPU (2026-11-26"),
    "associate": Unit(39.4 / 100_000, "core s a sighting", "39.4 s of CPU and 648 MB"),
    "file": Unit(75.6 / 100_000, "core s a sighting", "75.6 s of CPU"),
    "decide": Unit(0.0419, "core s a decision", "38.6 and 41.9 ms in two runs"),
    "registry": Unit(4.6e-6, "GB a case", "SQLite 4.6 GB"),
    "index": Unit(80e6 / 100_000 / 1e9, "GB a photo", "Index of 80 MB"),
    "page": Unit((0.61 + 1.6) / 100, "core s a patrol", "0.61 s against 3.79 s"),
    "worker": Unit(0.892, "GB a worker", "0.83 and 0.82 (asked: 0.80), 892 MB"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What is not measured: how a province works, and what it pays."""

    photos: float = 1_000_000.0
    photo_mb: float = 8.0
    patrol_photos: float = 1000.0
    sightings_share: float = 0.3
    cases_share: float = 0.05
    decision_s: float = 60.0
    inspector_h: float = 30.0
    fetches: float = 3.0
    kept_weeks: float = 52.0
    kept_share: float = 0.1
    machine_cores: int = 8
    store_mbit_s: float = 1000.0
    core_hour: float = 0.25
    tb_month: float = 120.0
    month_of_work: float = 8000.0


MEANING = {
    "photos": "photos a week",
    "photo_mb": "MB of a photo",
    "patrol_photos": "photos of a patrol, which one worker adjusts",
    "sightings_share": "sightings a photo",
    "cases_share": "cases that wait for a person, a photo",
    "decision_s": "seconds of a person for a case",
    "inspector_h": "hours that a person looks at cases in a week",
    "fetches": "times that a photo is read from the store (docs/decisions/0013)",
    "kept_weeks": "weeks that all photos are kept",
    "kept_share": "share that is kept as evidence for ever, told for one year",
    "machine_cores": "cores of a machine",
    "store_mbit_s": "Mbit/s between store and workers",
    "core_hour": "price of a core for an hour",
    "tb_month": "price of a TB for a month",
    "month_of_work": "price of a person's month",
}


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that a week takes, against what one of it gives in a week.

    Attributes:
        week: of the unit, in a week.
        one_gives: of the unit, by one machine, line, program or person in a week.
        named: what there is one of.
    """

    what: str
    week: float
    unit: str
    one_gives: float
    named: str

    @property
    def needed(self) -> float:
        """How many of it a week takes."""
        return self.week / self.one_gives


def photo_core_s() -> float:
    """Seconds of a core from a photo's file to its place on the ground."""
    return sum(UNITS[name].value for name in ("read", "search", "adjust"))


def demands(given: Given) -> list[Demand]:
    """All that a week takes, what there is least of in one machine, line or person first."""
    sightings, cases = given.photos * given.sightings_share, given.photos * given.cases_share
    core_s = given.photos * photo_core_s() + sightings * UNITS["associate"].value
    filing_s = sightings * UNITS["file"].value
    moved_gbit = 8e-3 * given.photo_mb * given.photos * (1 + given.fetches)
    week_s = 3600.0 * WEEK_H
    found = [
        Demand("photos to objects", core_s / 3600, "core h", given.machine_cores * WEEK_H,
               f"machine of {given.machine_cores} cores, day and night"),
        Demand("photos over the network", moved_gbit, "Gbit", given.store_mbit_s * week_s / 1000,
               f"line of {given.store_mbit_s:g} Mbit/s"),
        Demand("filing, one writer at a time", filing_s / 3600, "h", WEEK_H, "registry"),
        Demand("decisions at the page", cases * UNITS["decide"].value / 3600, "core h", WEEK_H,
               "page of one core"),
        Demand("decisions by people", cases * given.decision_s / 3600, "h", given.inspector_h,
               "person"),
    ]  # fmt: skip
    return sorted(found, key=lambda demand: -demand.needed)


def stored_tb(given: Given) -> dict[str, float]:
    """What lies in stores after the weeks that photos are kept, in TB."""
    week_tb = given.photos * given.photo_mb / 1e6
    return {
        "photos of the weeks that all are kept": week_tb * given.kept_weeks,
        "evidence of a year": week_tb * 52 * given.kept_share,
        "index of the photos": given.photos * given.kept_weeks * UNITS["index"].value / 1000,
        "registry of a year": given.photos * 52 * given.cases_share * UNITS["registry"].value
        / 1000,
    }  # fmt: skip


def patrol_s(given: Given) -> float:
    """Seconds from landing to objects of a patrol, however many workers there are."""
    return shortest_s(given.photos / _patrols(given), _costs(given))


def largest_patrol(given: Given) -> float:
    """Photos of the largest patrol that a night is enough for, however many workers there are."""
    costs = _costs(given)
    shards_s = PHOTOS_PER_TASK * (costs.read_s + costs.search_s)
    return (3600 * NIGHT_H - shards_s) / (costs.adjust_s + costs.associate_s)


def _patrols(given: Given) -> int:
    return max(1, round(given.photos / given.patrol_photos))


def _costs(given: Given) -> PhotoCosts:
    read_s, adjust_s, search_s = (UNITS[name].value for name in ("read", "adjust", "search"))
    return PhotoCosts(read_s, adjust_s, search_s, given.sightings_share * UNITS["associate"].value)


@cache
def longest_wait_h(given: Given, cores: int) -> float:
    """Live through a week: how long after the last patrol of a day all of that day are done."""
    count, day_h = _patrols(given), LAST_H - FIRST_H
    worked_h = [DAYS * day_h * (number + 1) / count for number in range(count)]
    days = [math.ceil(hours / day_h) - 1 for hours in worked_h]
    landed_s = [
        3600 * (24 * day + FIRST_H + hours - day_h * day)
        for day, hours in zip(days, worked_h, strict=True)
    ]
    done_s = done_at_s(landed_s, given.photos / count, _costs(given), cores)
    return max(at_s / 3600 - (24 * day + LAST_H) for day, at_s in zip(days, done_s, strict=True))


@cache
def cores_by_morning(given: Given) -> int:
    """Fewest cores by which all that landed is done before people begin to work.

    Raises:
        ValueError: one patrol takes longer than a night, with any number of cores.
    """
    if patrol_s(given) > 3600 * NIGHT_H:
        raise ValueError(
            f"a patrol of {given.patrol_photos:g} photos takes {patrol_s(given) / 3600:.0f} h, of "
            f"which one worker adjusts it most, and the night has {NIGHT_H}: no number of cores "
            "does it. Cut flights into smaller patrols (--patrol-photos)"
        )
    week_h = 24 * (DAYS - 1) + LAST_H - FIRST_H + NIGHT_H
    cores = max(1, math.floor(given.photos * photo_core_s() / (3600 * week_h)))
    while longest_wait_h(given, cores) > NIGHT_H:
        cores += 1
    return cores


def money(given: Given) -> dict[str, float]:
    """What a month costs at the given prices."""
    cores = cores_by_morning(given)
    people = next(d.needed for d in demands(given) if d.named == "person")
    return {
        f"{cores} cores, all hours": cores * 24 * 365 / 12 * given.core_hour,
        "stores": sum(stored_tb(given).values()) * given.tb_month,
        f"{math.ceil(people)} people": math.ceil(people) * given.month_of_work,
    }


def changes(given: Given) -> dict[str, Given]:
    """What could be otherwise."""
    return {
        "as given": given,
        "half as many cases a photo": replace(given, cases_share=given.cases_share / 2),
        "20 s a case": replace(given, decision_s=20.0),
        "20 s a case, half as many": replace(
            given, decision_s=20.0, cases_share=given.cases_share / 2
        ),
        "photos read once": replace(given, fetches=1.0),
        "ten times the photos": replace(given, photos=10 * given.photos),
        "ten times, machines of 64 cores": replace(
            given, photos=10 * given.photos, machine_cores=64
        ),
    }


def tables(given: Given) -> Iterator[str]:
    """The tables of docs/province.md, line by line."""
    yield from _table(
        ["measured", "value", "unit"],
        [(name, f"{unit.value:.3g}", unit.unit) for name, unit in UNITS.items()],
    )
    yield from _table(
        ["given", "value"],
        [(MEANING[entry.name], f"{getattr(given, entry.name):g}") for entry in fields(given)],
    )
    yield from _table(
        ["a week takes", "", "how many", "of"],
        [(d.what, f"{d.week:,.1f} {d.unit}", f"{d.needed:.2f}", d.named) for d in demands(given)],
    )
    needed = {
        name: {d.named.partition(" ")[0]: d.needed for d in demands(changed)}
        for name, changed in changes(given).items()
    }
    yield from _table(
        ["if", "people", "machines", "lines"],
        [
            (name, *(f"{of[thing]:.2f}" for thing in ("person", "machine", "line")))
            for name, of in needed.items()
        ],
    )
    cores = cores_by_morning(given)
    adjust_min = given.patrol_photos * UNITS["adjust"].value / 60
    yield from _table(
        ["workers", ""],
        [
            (f"cores so that each day is done by {READY_H} o'clock", str(cores)),
            ("the last patrol of a day is done after", f"{longest_wait_h(given, cores):.1f} h"),
            ("the same with twice the cores", f"{longest_wait_h(given, 2 * cores):.1f} h"),
            ("with cores without end", f"{longest_wait_h(given, ALL) * 60:.0f} min"),
            ("machines", str(math.ceil(cores / given.machine_cores))),
            ("memory of all workers", f"{cores * UNITS['worker'].value:.0f} GB"),
            ("of that one worker adjusts the patrol in", f"{adjust_min:.0f} min"),
            (
                "photos of the largest patrol that a night is enough for",
                f"{largest_patrol(given):,.0f}",
            ),
        ],
    )
    week_s = given.photos / given.patrol_photos * UNITS["page"].value
    yield from _table(
        ["the page starts", ""],
        [
            ("with the patrols of a week in", f"{week_s:.0f} s of CPU"),
            ("with those of the weeks that all photos are kept in",
             f"{week_s * given.kept_weeks / 60:.0f} min of CPU"),
        ],
    )  # fmt: skip
    yield from _table(
        ["stored", "TB"], [(name, f"{tb:,.2f}") for name, tb in stored_tb(given).items()]
    )
    yield from _table(
        ["a month costs, at the given prices", ""],
        [(name, f"{price:,.0f}") for name, price in money(given).items()],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def main() -> None:
    """Tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    for entry in fields(Given):
        option = f"--{entry.name.replace('_', '-')}"
        kind = int if entry.type is int else float
        parser.add_argument(option, type=kind, default=entry.default, help=MEANING[entry.name])
    try:
        print("\n".join(tables(Given(**vars(parser.parse_args())))))
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

"""What patrols flew, as their newest filings tell it."""

from dataclasses import replace

from cases.filing import propose
from cases.model import Flown
from cases.registry import Registry
from cases.rule_files import load_rulebook
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.world import seen, zones

BOOK = load_rulebook()


def test_the_newest_filing_of_each_patrol_counts(registry: Registry):
    said = [(0, Flown(100.0, 60.0, 3)), (7, Flown(5.0, 6.0, 1)), (0, Flown(250.0, 90.0, 4))]
    for number, (day, flown) in enumerate(said):
        patrol = replace(patrol_on(day), flown=flown)
        items = [seen(f"h{number}", "building", 60, 60 + number)]
        findings = propose(items, BOOK, zones(), on=DAY)
        registry.file(patrol, findings, rulebook=BOOK, now=patrol.flown_at)
    flights = registry.flights()
    assert [(flight.patrol_id, flight.flown) for flight in flights] == [
        ("patrol-0", said[2][1]),
        ("patrol-7", said[1][1]),
    ]
    assert flights[0].at == FLOWN
    assert registry.verify_chain().is_intact


def test_a_patrol_without_dates_or_figures_is_left_out(registry: Registry):
    for day, changes in ((0, {}), (7, {"flown": Flown(1.0, 1.0, 1), "is_dated": False})):
        findings = propose([], BOOK, zones(), on=DAY)
        patrol = replace(patrol_on(day), **changes)
        registry.file(patrol, findings, rulebook=BOOK, now=patrol.flown_at)
    assert registry.flights() == []

"""Decisions that somebody else judges once more, and cases whose answer is known."""

from datetime import timedelta

import pytest

from cases.errors import LookError, ReasonMissingError, UnknownCaseError
from cases.filing import propose
from cases.looking import Looks
from cases.looks import Kind, is_sampled
from cases.people import Area
from cases.registry import Registry
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.test_registry import file
from tests.cases.world import cell, seen

NOW = FLOWN + timedelta(hours=1)
UNTIL = NOW + timedelta(minutes=10)


@pytest.fixture
def looks(where: str) -> Looks:
    with Looks.open(where) as opened:
        yield opened


@pytest.fixture
def four(registry: Registry, rulebook: Rulebook, looks: Looks) -> tuple[str, ...]:
    items = [seen(f"house {n}", "building", 60 + 40 * n, -60, 12) for n in range(4)]
    findings = propose(items, rulebook, NO_ZONES, on=DAY, cells=[cell()])
    return file(registry, rulebook, findings, patrol_on(0)).new


def decide(registry: Registry, no: str, action: str = "confirm", who: str = "Chen", **more):
    told = {"look_share": 1.0, "reason": "harmless" if action == "reject" else "", **more}
    version = registry.case(no).version
    return registry.decide(no, action, actor=who, expected_version=version, now=NOW, **told)


def give(looks: Looks, who: str, **more):
    return looks.next_for(who, until=UNTIL, now=NOW, **more)


def test_somebody_else_is_asked_and_nothing_of_the_case_changes(four, registry, looks):
    before = decide(registry, four[0])
    assert give(looks, "Chen") is None
    look = give(looks, "Li")
    assert (look.case_no, look.kind, look.expected, look.first_by) == (
        four[0], Kind.SECOND, "confirm", "Chen",
    )  # fmt: skip
    looks.answer(look, "reject", "harmless", now=NOW)
    assert registry.case(four[0]) == before
    assert len(registry.history(four[0])) == 2
    figures = looks.figures()
    assert (figures.inspectors["Chen"].looked_again, figures.inspectors["Chen"].agreed) == (1, 0)
    [told] = figures.disagreements
    assert (told.case_no, told.first, told.second, told.second_by) == (
        four[0], "confirm", "reject", "Li",
    )  # fmt: skip
    assert registry.verify_chain().is_intact


def test_two_never_get_the_same_and_a_lease_runs_out(four, registry, looks):
    decide(registry, four[0])
    assert give(looks, "Li").case_no == four[0]
    assert give(looks, "Li").case_no == four[0]
    assert give(looks, "Wang") is None
    later = looks.next_for("Wang", until=UNTIL + timedelta(hours=1), now=UNTIL)
    assert later.who == "Wang"
    assert looks.held("Li") is None


def test_who_leaves_one_is_not_asked_again(four, registry, looks):
    decide(registry, four[0])
    assert looks.leave(give(looks, "Li").who, four[0])
    assert not looks.leave("Li", four[0])
    assert give(looks, "Li") is None
    assert give(looks, "Wang").case_no == four[0]


def test_a_decision_that_does_not_stand_is_not_looked_at(four, registry, looks):
    decide(registry, four[0])
    decide(registry, four[0], "undo")
    assert give(looks, "Li") is None
    decide(registry, four[1], "reject")
    look = give(looks, "Li")
    decide(registry, four[1], "reopen", reason="looked wrong")
    with pytest.raises(LookError):
        looks.answer(look, "confirm", "", now=NOW)


def test_hidden_is_what_somebody_may_have_to_judge(four, registry, looks):
    decide(registry, four[0])
    decide(registry, four[1], who="Li")
    assert looks.hidden_from("Li") == {four[0]}
    assert looks.hidden_from("Wang") == set(four[:2])
    looks.answer(give(looks, "Li"), "confirm", "", now=NOW)
    assert looks.hidden_from("Wang") == {four[1]}


def test_an_answer_is_taken_back_for_a_while(four, registry, looks):
    decide(registry, four[0])
    look = looks.answer(give(looks, "Li"), "reject", "harmless", now=NOW)
    late = NOW + timedelta(minutes=11)
    assert looks.take_back("Li", four[0], until=late, now=late) is None
    back = looks.take_back("Li", four[0], until=UNTIL, now=NOW)
    assert (back.look_id, back.answer) == (look.look_id, "")
    assert not looks.figures().disagreements
    looks.answer(back, "confirm", "", now=NOW)
    assert looks.figures().inspectors["Chen"].agreed == 1
    assert registry.verify_chain().is_intact


@pytest.mark.parametrize(
    ("answer", "reason", "error"),
    [("reopen", "", LookError), ("reject", " ", ReasonMissingError)],
)
def test_what_is_no_answer_is_refused(four, registry, looks, answer, reason, error):
    decide(registry, four[0])
    look = give(looks, "Li")
    with pytest.raises(error):
        looks.answer(look, answer, reason, now=NOW)
    assert looks.held("Li") == look


def test_controls_are_given_once_to_each_who_does_not_know_them(four, registry, looks):
    decide(registry, four[0], look_share=0.0)
    decide(registry, four[1], "reject", who="Li", look_share=0.0)
    assert looks.add_controls({four[0]: "confirm", four[1]: "reject"}) == 2
    before = [registry.case(no) for no in four]
    assert give(looks, "Li") is None  # nobody drew one
    look = give(looks, "Li", wants_control=True)
    assert (look.case_no, look.kind) == (four[0], Kind.CONTROL)
    looks.answer(look, "reject", "harmless", now=NOW)
    assert give(looks, "Li", wants_control=True) is None
    looks.answer(give(looks, "Wang", wants_control=True), "confirm", "", now=NOW)
    looks.answer(give(looks, "Wang", wants_control=True), "reject", "harmless", now=NOW)
    checked = looks.figures().inspectors
    assert (checked["Li"].controls, checked["Li"].right) == (1, 0)
    assert (checked["Wang"].controls, checked["Wang"].right) == (2, 2)
    assert [registry.case(no) for no in four] == before


def test_what_two_agreed_on_becomes_a_control(four, registry, looks):
    decide(registry, four[0])
    looks.answer(give(looks, "Li"), "confirm", "", now=NOW)
    look = give(looks, "Wang", wants_control=True)
    assert (look.case_no, look.expected) == (four[0], "confirm")
    decide(registry, four[0], "reject")
    assert give(looks, "Zhao", wants_control=False).kind is Kind.SECOND  # of the new decision


def test_controls_have_to_be_decided_cases(four, registry, looks):
    with pytest.raises(LookError):
        looks.add_controls({four[0]: "confirm"})
    with pytest.raises(UnknownCaseError):
        looks.add_controls({"20990101-0001": "confirm"})
    decide(registry, four[0], look_share=0.0)
    with pytest.raises(LookError):
        looks.add_controls({four[0]: "maybe"})


def test_an_area_has_its_own_looks(four, registry, looks):
    decide(registry, four[0])
    away = looks.within(Area("海口镇"))
    assert give(away, "Li") is None
    assert away.figures().pending == 0
    assert looks.within(Area("West Town")).figures().pending == 1


def test_of_many_decisions_the_share_is_judged_again():
    chosen = sum(is_sampled(f"{n * 2654435761 % 2**32:08x}", 0.05) for n in range(100_000))
    assert chosen == pytest.approx(5000, rel=0.05)

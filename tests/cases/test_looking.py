"""Decisions that somebody else judges once more, and cases whose answer is known."""

from datetime import timedelta

import pytest

from cases.errors import (
    CaseClaimedError,
    LookError,
    ReasonMissingError,
    StaleCaseError,
    TransitionError,
    UnknownCaseError,
)
from cases.filing import propose
from cases.lifecycle import Action, Role
from cases.looking import Looks
from cases.looks import TAKE_BACK_WITHIN, Kind, is_sampled
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


def answer(looks: Looks, look, action: str, reason: str = "", *, who: str = "", now=NOW):
    who = who or look.who
    return looks.judge(
        who, look.case_no, Action(action), role=Role.INSPECTOR, reason=reason, now=now,
        expected_version=looks.veiled(look, who).case.version,
    )  # fmt: skip


def test_somebody_else_is_asked_and_nothing_of_the_case_changes(four, registry, looks):
    before = decide(registry, four[0])
    assert give(looks, "Chen") is None
    look = give(looks, "Li")
    assert (look.case_no, look.kind, look.expected, look.first_by) == (
        four[0], Kind.SECOND, "confirm", "Chen",
    )  # fmt: skip
    answer(looks, look, "reject", "harmless")
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
    with pytest.raises(CaseClaimedError):
        looks.hold("Li", four[0], until=UNTIL + timedelta(hours=1), now=UNTIL)


def test_who_leaves_one_is_not_asked_again(four, registry, looks):
    decide(registry, four[0])
    looks.leave(give(looks, "Li").who, four[0])
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
        looks.judge(
            "Li", look.case_no, Action.CONFIRM, role=Role.INSPECTOR, reason="",
            expected_version=1, now=NOW,
        )  # fmt: skip


def test_veiled_is_what_somebody_may_have_to_judge_or_has_judged(four, registry, looks):
    decide(registry, four[0])
    decide(registry, four[1], who="Li")
    assert set(looks.veils("Li", NOW)) == {four[0]}
    assert set(looks.veils("Wang", NOW)) == set(four[:2])
    answer(looks, give(looks, "Li"), "reject", "harmless")
    assert set(looks.veils("Wang", NOW)) == {four[1]}
    assert looks.veils("Li", NOW)[four[0]].stage == "rejected"
    assert not looks.veils("Li", NOW + TAKE_BACK_WITHIN)


def test_a_veiled_case_tells_of_no_decision_but_ones_own(four, registry, looks):
    before, told = registry.case(four[0]), registry.history(four[0])
    decide(registry, four[0])
    look = give(looks, "Li")
    shown = looks.veiled(look, "Li")
    assert (shown.case, list(shown.events)) == (before, told)
    done = answer(looks, look, "reject", "harmless")
    assert (done.case.stage, done.case.version) == ("rejected", 2)
    assert [(e.action, e.actor) for e in done.events] == [("file", "filing"), ("reject", "Li")]
    back = answer(looks, done.look, "undo")
    assert (back.case.stage, back.case.version) == ("reported", 3)
    assert registry.case(four[0]).version == 2


def test_steps_follow_the_same_table_as_any_decision(four, registry, looks):
    decide(registry, four[0])
    look = give(looks, "Li")
    with pytest.raises(TransitionError):
        answer(looks, look, "reopen", "why not")
    with pytest.raises(ReasonMissingError):
        answer(looks, look, "snooze")
    asleep = answer(looks, look, "snooze", "known kiln")
    assert asleep.case.stage == "snoozed"
    assert looks.figures().inspectors == {}  # says nothing for or against
    awake = answer(looks, asleep.look, "wake")
    assert answer(looks, awake.look, "confirm").case.stage == "established"
    assert looks.figures().inspectors["Chen"].agreed == 1
    with pytest.raises(StaleCaseError):
        looks.judge(
            "Li", four[0], Action.UNDO, role=Role.INSPECTOR, reason="", expected_version=1, now=NOW
        )


def test_a_control_that_is_given_back_stays_as_it_was_shown(four, registry, looks):
    decide(registry, four[0], look_share=0.0)
    looks.add_controls({four[0]: "confirm"})
    look = give(looks, "Wang", wants_control=True)
    looks.leave("Wang", look.case_no)
    assert set(looks.veils("Wang", NOW)) == {four[0]}
    assert give(looks, "Wang", wants_control=True) is None
    assert looks.hold("Wang", four[0], until=UNTIL, now=NOW).who == "Wang"


def test_an_answer_is_taken_back_for_a_while(four, registry, looks):
    decide(registry, four[0])
    done = answer(looks, give(looks, "Li"), "reject", "harmless")
    with pytest.raises(LookError):
        answer(looks, done.look, "undo", now=NOW + TAKE_BACK_WITHIN)
    back = answer(looks, done.look, "undo")
    assert (back.look.look_id, back.look.answer) == (done.look.look_id, "")
    assert not looks.figures().disagreements
    answer(looks, back.look, "confirm")
    assert looks.figures().inspectors["Chen"].agreed == 1
    assert registry.verify_chain().is_intact


def test_controls_are_given_once_to_each_who_does_not_know_them(four, registry, looks):
    decide(registry, four[0], look_share=0.0)
    decide(registry, four[1], "reject", who="Li", look_share=0.0)
    assert looks.add_controls({four[0]: "confirm", four[1]: "reject"}) == 2
    before = [registry.case(no) for no in four]
    assert give(looks, "Li") is None  # nobody drew one
    look = give(looks, "Li", wants_control=True)
    assert (look.case_no, look.kind) == (four[0], Kind.CONTROL)
    answer(looks, look, "reject", "harmless")
    assert give(looks, "Li", wants_control=True) is None
    answer(looks, give(looks, "Wang", wants_control=True), "confirm")
    answer(looks, give(looks, "Wang", wants_control=True), "reject", "harmless")
    checked = looks.figures().inspectors
    assert (checked["Li"].controls, checked["Li"].right) == (1, 0)
    assert (checked["Wang"].controls, checked["Wang"].right) == (2, 2)
    assert [registry.case(no) for no in four] == before


def test_what_two_agreed_on_becomes_a_control(four, registry, looks):
    decide(registry, four[0])
    answer(looks, give(looks, "Li"), "confirm")
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

"""Precision is counted from the decisions that stand."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cases.lifecycle import Action
from cases.precision import Taken, Tally, precision
from cases.registry import Registry
from cases.rules import Rulebook
from tests.cases.conftest import FLOWN, patrol_on
from tests.cases.test_registry import file, sights


def taken(no: str, action: Action, actor: str = "Chen", reason: str = "") -> Taken:
    return Taken(no, "building", "m" * 64, action, actor, reason)


CONFIRM, REJECT, REOPEN, UNDO = Action.CONFIRM, Action.REJECT, Action.REOPEN, Action.UNDO


def test_permits_and_duties_say_nothing_against_what_was_seen():
    reasons = ("not_object", "harmless", "permitted", "not_ours", "outside")
    rejections = [taken(str(n), REJECT, reason=reason) for n, reason in enumerate(reasons)]
    found = precision([*rejections, taken("5", CONFIRM), taken("6", CONFIRM)])
    [tally] = found.models.values()
    assert (tally.confirmed, sum(tally.rejected.values())) == (2, 5)
    assert tally.precision_share == 0.5
    assert Tally(rejected={"permitted": 3}).precision_share is None


def test_undone_decisions_never_were_and_reopened_ones_are_overturned():
    found = precision(
        [
            taken("1", CONFIRM), taken("1", UNDO), taken("1", REJECT, "Wang", "harmless"),
            taken("2", REJECT, "Chen", "unclear"), taken("2", REOPEN, "Li"),
            taken("2", CONFIRM, "Wang"),
            taken("3", REJECT, "Chen", "harmless"), taken("3", REOPEN, "Li"),
            taken("3", UNDO, "Li"),
        ]
    )  # fmt: skip
    assert found.inspectors == {
        "Chen": Tally(0, {"harmless": 1}, overturned=1),
        "Wang": Tally(1, {"harmless": 1}),
    }


@given(st.lists(st.sampled_from(["confirm", "reject", "undo"]), max_size=12))
def test_as_many_stand_as_were_taken_and_not_undone(actions: list[str]):
    entries = [taken(str(n), Action(a)) for n, a in enumerate(actions) if a != "undo"]
    undone = [taken(entry.case_no, UNDO) for entry in entries[::2]]
    stands = Counter(entry.action for entry in entries[1::2])
    [tally] = [*precision([*entries, *undone]).models.values()] or [Tally()]
    assert tally.confirmed == stands[CONFIRM]
    assert sum(tally.rejected.values()) == stands[REJECT]


def test_the_registry_reads_it_off_its_history(registry: Registry, rulebook: Rulebook):
    file(registry, rulebook, sights(rulebook), patrol_on(0))
    first, second, third = registry.cases()
    for case, action, reason in (
        (first, "confirm", ""),
        (second, "reject", "not_object: a shadow"),
        (third, "confirm", ""),
        (third, "undo", ""),
    ):
        version = registry.case(case.case_no).version
        registry.decide(
            case.case_no, action, actor="Chen", reason=reason, expected_version=version, now=FLOWN
        )
    found = registry.precision()
    assert found.inspectors == {"Chen": Tally(1, {"not_object": 1})}
    shares = {name: tally.precision_share for (_, name), tally in found.models.items()}
    assert shares == {first.class_name: 1.0, second.class_name: 0.0}
    assert {model for model, _ in found.models} == {"a" * 64}

"""A case is what all patrols say of it now."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.chain import canonical_json
from cases.lifecycle import Stage
from cases.model import Case
from cases.rule_files import load_rulebook
from cases.standing import Miss, Sight, Standing, as_said, assumed, heard, sight_of, told
from cases.updating import open_case, with_evidence
from tests.cases.conftest import FLOWN, patrol_on
from tests.cases.test_updating import proposal
from tests.cases.world import SEEN

BOOK = load_rulebook()


def fresh(day: int, side_m: float = 12) -> Case:
    return open_case(proposal(BOOK, day, side_m), "n", patrol_on(day))


def sight(day: int, side_m: float = 12, *, is_dated: bool = True) -> Sight:
    return sight_of(fresh(day, side_m), f"patrol-{day}", is_dated=is_dated)


def miss(day: int) -> Miss:
    return Miss(f"patrol-{day}", FLOWN + timedelta(days=day))


def case_of(*days: int) -> Case:
    """A case with the evidence of the patrols of some days."""
    case = fresh(days[0])
    for day in days[1:]:
        case = with_evidence(case, fresh(day).evidence, f"patrol-{day}")
    return case


def standing(*statements: Sight | Miss) -> Standing:
    result = Standing()
    for entry in statements:
        result = result.with_word(entry.patrol_id, entry)
    return result


def test_the_latest_sight_gives_the_looks_and_the_first_the_judgement():
    other = replace(sight(5, 14), rule_id="other")
    case = as_said(case_of(0, 5), standing(sight(0), other))
    assert case.area_m2 == pytest.approx(196, rel=1e-6)
    assert (case.first_seen, case.last_seen) == (SEEN, SEEN + timedelta(days=5))
    assert (case.patrol_id, case.last_patrol_id) == ("patrol-0", "patrol-5")
    assert case.rule_id == sight(0).rule_id != "other"
    assert [entry.patrol_id for entry in case.evidence] == ["patrol-0", "patrol-5"]


def test_an_earlier_sight_filed_late_tells_only_since_when():
    case = as_said(case_of(5, 0), standing(sight(5, 14), sight(0)))
    assert case.area_m2 == pytest.approx(196, rel=1e-6)
    assert (case.last_patrol_id, case.first_seen) == ("patrol-5", SEEN)


def test_a_sight_of_unknown_day_adds_evidence_only():
    undated = sight(5, 14, is_dated=False)
    case = as_said(case_of(0, 5), standing(sight(0), undated))
    assert case.area_m2 == pytest.approx(144, rel=1e-6)
    assert (case.last_patrol_id, len(case.evidence)) == ("patrol-0", 2)


def test_gone_since_the_first_miss_after_the_last_sight():
    seen = standing(sight(2), miss(9), miss(5), miss(1))
    assert as_said(case_of(2), seen).gone_at == miss(5).at
    again = seen.with_word("patrol-7", sight(7))
    assert as_said(case_of(2, 7), again).gone_at == miss(9).at
    assert as_said(case_of(2, 7), again.with_word("patrol-9", None)).gone_at is None


def test_what_a_patrol_takes_back_leaves_no_trace_in_the_case():
    both = standing(sight(0), sight(5, 14), miss(9))
    case = as_said(case_of(0, 5), both)
    assert as_said(case, both.with_word("patrol-5", None)) == as_said(
        case_of(0), standing(sight(0), miss(9))
    )


def test_a_decided_case_keeps_its_judgement():
    case = replace(case_of(0), stage=Stage.ESTABLISHED, rule_id="as decided")
    after = as_said(case, standing(sight(0, 14)))
    assert after.rule_id == "as decided"
    assert after.area_m2 == pytest.approx(196, rel=1e-6)


def test_a_case_that_nobody_has_seen_keeps_its_looks():
    case = replace(case_of(0), stage=Stage.ESTABLISHED)
    assert as_said(case, Standing().with_word("patrol-0", None)) == case


statements = st.one_of(
    st.builds(sight, st.integers(0, 9), st.floats(8, 20), is_dated=st.booleans()),
    st.builds(miss, st.integers(0, 9)),
    st.none(),
)


@given(st.lists(statements, max_size=6))
def test_the_history_tells_exactly_what_was_said(said):
    spoken = history = Standing()
    for number, statement in enumerate(said):
        patrol_id = statement.patrol_id if statement else f"patrol-{number}"
        spoken = spoken.with_word(patrol_id, statement)
        details = json.loads(canonical_json({"patrol": patrol_id, **told(statement)}))
        history = heard(history, details)
    assert history == spoken


def test_what_an_earlier_program_filed_is_supposed_from_the_case():
    case = replace(case_of(0, 5), last_patrol_id="patrol-5", last_seen=SEEN + timedelta(days=5))
    case = replace(case, gone_at=miss(9).at)
    supposed = assumed(case)
    assert as_said(case, supposed) == case
    assert as_said(case, supposed.with_word("patrol-5", None)).last_seen == SEEN

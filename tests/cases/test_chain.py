from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.chain import FIRST_HASH, case_hash, event_hash, next_event, verify
from cases.model import Case, Event, Head
from cases.rule_files import load_rulebook
from cases.updating import open_case
from tests.cases.conftest import FLOWN, patrol_on
from tests.cases.test_updating import proposal


def one_case() -> Case:
    return replace(open_case(proposal(load_rulebook()), "n-1", patrol_on(0)), version=1)


CASE = one_case()


def chain(length: int) -> list[Event]:
    events: list[Event] = []
    for number in range(length):
        events.append(
            next_event(
                events[-1] if events else None,
                case_no="n-1",
                at=FLOWN + timedelta(minutes=number),
                actor="inspector",
                action="confirm",
                details={"number": number, "state": case_hash(CASE)},
            )
        )
    return events


def test_an_untouched_chain_is_intact():
    report = verify(chain(5), [CASE])
    assert report.is_intact
    assert report.events == 5
    assert report.head == chain(5)[-1].hash


def test_an_empty_history_is_intact():
    assert verify([], []).head == FIRST_HASH
    assert verify([], []).is_intact


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 5), st.sampled_from(["actor", "action", "case_no", "at", "details"]))
def test_a_changed_entry_is_found(position: int, field: str):
    events = chain(6)
    changed = {
        "actor": "somebody else",
        "action": "reject",
        "case_no": "n-2",
        "at": FLOWN - timedelta(days=1),
        "details": {"number": 99, "state": case_hash(CASE)},
    }
    events[position] = replace(events[position], **{field: changed[field]})
    problems = verify(events, [CASE]).problems
    assert any(f"entry {position + 1} " in problem for problem in problems)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 4))
def test_a_changed_entry_with_a_new_hash_breaks_the_next_one(position: int):
    events = chain(6)
    forged = replace(events[position], actor="somebody else")
    events[position] = replace(forged, hash=event_hash(forged))
    problems = verify(events, [CASE]).problems
    assert problems == (f"entry {position + 2} does not follow the entry before it",)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 4))
def test_a_removed_entry_is_found(position: int):
    events = chain(6)
    del events[position]
    assert f"entry {position + 1} is missing" in verify(events, [CASE]).problems[0]


def test_a_changed_case_is_found():
    assert verify(chain(2), [replace(CASE, score=0.1)]).problems == (
        "case n-1 is not what its last entry left",
    )


def test_a_removed_and_a_smuggled_case_are_found():
    smuggled = replace(CASE, case_no="n-7")
    assert set(verify(chain(2), [smuggled]).problems) == {
        "case n-1 was removed",
        "case n-7 has no history",
    }


def test_every_known_head_has_to_be_in_the_history():
    events = chain(5)
    heads = [Head(event.seq, event.hash, "elsewhere") for event in events]
    assert verify(events, [CASE], heads=heads).is_intact
    problems = verify(events[:3], [CASE], heads=heads).problems
    assert [problem.partition(" with")[0] for problem in problems] == ["entry 4", "entry 5"]
    assert "known from elsewhere" in problems[0]


def test_a_cut_off_end_is_found_by_the_case_it_left():
    events = chain(2)
    confirmed = replace(CASE, version=2)
    end = next_event(
        events[-1],
        case_no="n-1",
        at=FLOWN,
        actor="a",
        action="confirm",
        details={"state": case_hash(confirmed)},
    )
    assert verify([*events, end], [confirmed]).is_intact
    assert not verify(events, [confirmed]).is_intact

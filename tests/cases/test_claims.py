"""No two inspectors work on one case, whatever the database and however many ask at once."""

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from cases.errors import CaseClaimedError, ClaimError, UnknownCaseError
from cases.filing import propose
from cases.lifecycle import Stage
from cases.registry import Registry
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, claimed, patrol_on
from tests.cases.test_registry import decide, file, sights
from tests.cases.world import seen

SOON, LATER = FLOWN + timedelta(minutes=10), FLOWN + timedelta(minutes=20)


@pytest.fixture
def filed(registry: Registry, rulebook: Rulebook) -> Registry:
    file(registry, rulebook, sights(rulebook), patrol_on(0))
    return registry


def test_a_claimed_case_is_nobody_elses_until_it_runs_out(filed: Registry):
    case = filed.cases()[0]
    claim = filed.claim(case.case_no, "Chen", until=SOON, now=FLOWN)
    assert claimed(filed, case.case_no, FLOWN) == claim
    with pytest.raises(CaseClaimedError, match="in the hands of Chen until 2026-06-10T02:40"):
        filed.claim(case.case_no, "Wang", until=LATER, now=FLOWN)
    with pytest.raises(CaseClaimedError):
        filed.decide(case.case_no, "confirm", actor="Wang", expected_version=1, now=FLOWN)
    assert claimed(filed, case.case_no, SOON) is None
    assert filed.claim(case.case_no, "Wang", until=LATER, now=SOON).who == "Wang"


def test_a_decision_gives_the_case_back(filed: Registry):
    case = filed.cases()[0]
    filed.claim(case.case_no, "inspector", until=SOON, now=FLOWN)
    decide(filed, case, "confirm")
    assert claimed(filed, case.case_no, FLOWN) is None


def test_a_claim_is_renewed_only_while_it_holds(filed: Registry):
    case_no = filed.cases()[0].case_no
    filed.claim(case_no, "Chen", until=SOON, now=FLOWN)
    assert filed.renew(case_no, "Chen", until=LATER, now=FLOWN).until == LATER
    with pytest.raises(ClaimError, match="claim it again"):
        filed.renew(case_no, "Chen", until=LATER + timedelta(hours=1), now=LATER)
    with pytest.raises(ClaimError, match="has run out"):
        filed.claim(case_no, "Chen", until=FLOWN, now=FLOWN)


def test_only_the_holder_gives_a_case_back(filed: Registry):
    case_no = filed.cases()[0].case_no
    filed.claim(case_no, "Chen", until=SOON, now=FLOWN)
    assert not filed.release(case_no, "Wang")
    assert filed.release(case_no, "Chen")
    assert not filed.release(case_no, "Chen")
    with pytest.raises(UnknownCaseError):
        filed.release("nothing", "Chen")


def test_the_next_case_is_the_most_urgent_that_is_free(filed: Registry):
    urgent, second, last = filed.cases()
    ask = {"until": SOON, "now": FLOWN}
    assert filed.claim_next("Chen", **ask).case_no == urgent.case_no
    assert filed.claim_next("Chen", **ask).case_no == urgent.case_no  # asked again: no second one
    assert filed.claim_next("Wang", **ask).case_no == second.case_no
    passed_over = filed.claim_next("Chen", after=urgent.case_no, **ask)
    assert passed_over.case_no == last.case_no
    assert filed.claim_next("Li", **ask) is None
    assert filed.claim_next("Li", stage=Stage.CLOSED, **ask) is None
    assert filed.claim_next("Li", until=LATER, now=SOON).case_no == urgent.case_no


def test_the_next_case_may_be_the_oldest_or_newest(registry: Registry, rulebook: Rulebook):
    file_houses(registry, rulebook, 1)
    late = seen("late", "building", 0, 0, 12, at=FLOWN + timedelta(days=3))
    houses = propose([late], rulebook, NO_ZONES, on=DAY)
    file(registry, rulebook, houses, patrol_on(3))
    first, last = registry.cases(order="oldest")
    assert first.last_seen < last.last_seen
    assert registry.cases(order="newest") == [last, first]
    ask = {"until": SOON, "now": FLOWN}
    assert registry.claim_next("Chen", order="newest", **ask).case_no == last.case_no
    assert registry.claim_next("Wang", order="oldest", **ask).case_no == first.case_no
    assert registry.claim_next("Wang", order="oldest", after=first.case_no, **ask) is None


def test_claims_leave_the_history_alone(filed: Registry):
    before = filed.verify_chain()
    filed.claim_next("Chen", until=SOON, now=FLOWN)
    assert filed.verify_chain() == before


def file_houses(registry: Registry, rulebook: Rulebook, number: int) -> None:
    houses = [seen(f"h{n}", "building", 20 * n - 400, 200, 12) for n in range(number)]
    file(registry, rulebook, propose(houses, rulebook, NO_ZONES, on=DAY), patrol_on(0))


def test_threads_that_ask_at_once_never_get_the_same_case(registry: Registry, rulebook: Rulebook):
    file_houses(registry, rulebook, 20)
    taken: dict[str, list[str]] = {f"i{n}": [] for n in range(4)}
    start = threading.Barrier(4)

    def work(who: str) -> None:
        start.wait()
        while claim := registry.claim_next(who, until=SOON, now=FLOWN):
            taken[who].append(claim.case_no)
            registry.decide(claim.case_no, "confirm", actor=who, expected_version=1, now=FLOWN)

    threads = [threading.Thread(target=work, args=(who,)) for who in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [number for each in taken.values() for number in each]
    assert len(numbers) == len(set(numbers)) == 20
    assert registry.verify_chain().is_intact


WORKER = """
import sys
from datetime import datetime
from cases.registry import Registry
where, who, now, until = sys.argv[1], sys.argv[2], *map(datetime.fromisoformat, sys.argv[3:5])
with Registry.open(where, lock_timeout_s=60) as registry:
    print("ready", flush=True)
    sys.stdin.readline()
    after = None
    while claim := registry.claim_next(who, until=until, now=now, after=after):
        after = claim.case_no
        print(after, flush=True)
"""


def test_processes_that_ask_at_once_never_get_the_same_case(where: str, rulebook: Rulebook):
    with Registry.open(where) as registry:
        file_houses(registry, rulebook, 16)
    command = [sys.executable, "-c", WORKER, where]
    root = Path(__file__).resolve().parents[2]
    times = [FLOWN.isoformat(), SOON.isoformat()]
    workers = [
        subprocess.Popen(
            [*command, f"i{n}", *times], cwd=root, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for n in range(3)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    taken = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        told, _ = worker.communicate(timeout=120)
        taken += told.split()
    assert len(taken) == len(set(taken)) == 16

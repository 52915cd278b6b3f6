"""What the benchmark of many inspectors says of those who heard nothing."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.inspectors import Tally, verdict
from benchmarks.registry import fill
from cases.lifecycle import Role
from cases.people import Account, Area
from cases.registry import Registry


def test_who_never_heard_anything_has_missed_every_decision(tmp_path: Path):
    path = tmp_path / "cases.sqlite"
    fill(path, 100, seed=1)
    with Registry.open(path) as registry:
        [first, second, *_] = registry.cases(stage="reported")
        for case in (first, second):
            registry.decide(
                case.case_no, "confirm", actor="Inspector 0", expected_version=case.version,
                now=datetime(2030, 1, 1, tzinfo=UTC),
            )  # fmt: skip
    people = [Account(name="i0", display_name="Inspector 0", roles=(Role.INSPECTOR,), area=Area())]
    tally = Tally(decided=[(case.case_no, "Inspector 0") for case in (first, second)])
    told = verdict(path, people, tally)
    assert (told["decisions"], told["lost"], told["double"]) == (2, 0, 0)
    assert (told["news_to_hear"], told["news_missed"], told["news_before_listening"]) == (2, 2, 0)

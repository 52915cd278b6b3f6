"""Files patrols and confirms cases without end, saying what was done, until it is killed."""

import sys
from datetime import datetime

from cases.filing import propose
from cases.model import FilingResult, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, PHOTOS
from tests.cases.world import seen

CASES_PER_PATROL = 12


def file_patrol(
    registry: Registry, rulebook: Rulebook, number: int, *, now: datetime
) -> FilingResult:
    """File a patrol over ground of its own, so that each makes the same number of new cases."""
    houses = [
        seen(f"h{n}", "building", 40.0 * n, 40.0 * number, 12) for n in range(CASES_PER_PATROL)
    ]
    patrol = PatrolRecord(f"patrol-{number}", FLOWN, "a" * 64, PHOTOS)
    findings = propose(houses, rulebook, NO_ZONES, on=DAY)
    return registry.file(patrol, findings, rulebook=rulebook, now=now)


def main() -> None:
    """Write until killed."""
    rulebook = load_rulebook()
    number = int(sys.argv[2])
    with Registry.open(sys.argv[1]) as registry:
        while True:
            result = file_patrol(registry, rulebook, number, now=FLOWN)
            print(f"filed patrol-{number}", flush=True)
            registry.decide(
                result.new[0], "confirm", actor="inspector", expected_version=1, now=FLOWN
            )
            print(f"confirmed patrol-{number}", flush=True)
            number += 1


if __name__ == "__main__":
    main()

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cases.model import PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cases.rules import Rulebook

FLOWN = datetime(2026, 6, 10, 2, 30, tzinfo=UTC)
DAY = date(2026, 6, 10)
PHOTOS = {f"p{number}": f"{number:064x}" for number in range(10)}


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load_rulebook()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(tmp_path / "cases.sqlite") as opened:
        yield opened


@pytest.fixture
def patrol() -> PatrolRecord:
    return patrol_on(0)


def patrol_on(day: int) -> PatrolRecord:
    """The patrol flown so many days after the first."""
    return PatrolRecord(f"patrol-{day}", FLOWN + timedelta(days=day), "a" * 64, PHOTOS)

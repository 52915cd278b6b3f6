"""EDGE: a mission file that is to be flown, read once: what is checked is what is flown."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from missions.mission_json import parse_sortie
from missions.model import Sortie
from missions.reading import read_bytes


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A mission file as it was when it was read.

    Attributes:
        path: to name it; whatever it holds by now is of no account.
        sha256: of the bytes that the sortie was made of.
    """

    path: Path
    sortie: Sortie
    sha256: str


def read_plan(path: Path) -> PlanFile:
    """Read a mission file; MissionError where that cannot be done."""
    data = read_bytes(path)
    return PlanFile(path, parse_sortie(path, data), hashlib.sha256(data).hexdigest())

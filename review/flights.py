"""EDGE: flights on disk: what was planned, simulated and flown, and what is in the air now.

Only files are read, those that `plan`, `simulate` and `fly` write: nothing here reaches a vehicle.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flight.errors import LogError
from flight.journal import SUMMARY_FILE, read_summary
from flight.tail import RecordingTail, Sight
from flight.verdict import VERDICT_FILE
from geo.errors import AerogridError
from missions.mission_json import parse_sortie
from missions.model import Sortie

MISSION_ENDING = ".mission.json"
JOURNAL_FILE = "journal.jsonl"
LIVE_S = 20.0
"""A recording that was not written to for so long is of a flight that is over."""
LOOK_EVERY_S = 0.9
FIND_EVERY_S = 5.0
MOST_SORTIES = 2000
MOST_POINTS = 20_000
_TAIL_BYTES = 65_536
_UNPLACED = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Flown:
    """How one flight of a sortie ended."""

    name: str
    completed: bool
    problem: str | None
    photos: int
    photos_planned: int
    duration_s: float
    battery_share: float | None
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What simulated flights of a sortie's file came to.

    Attributes:
        is_of_this_file: the file was not changed since.
    """

    passed: bool
    is_of_this_file: bool
    scenarios: Mapping[str, bool]
    problem: str | None
    photos_taken: int


@dataclass(frozen=True, slots=True)
class SortieState:
    """A planned sortie, and what became of it."""

    sortie: Sortie
    simulated: Simulated | None
    flights: tuple[Flown, ...]

    def line(self) -> list[tuple[float, float]]:
        """The way that is planned, lon/lat."""
        places = [(item.lon_deg, item.lat_deg) for item in self.sortie.items]
        home = (self.sortie.home.lon_deg, self.sortie.home.lat_deg)
        return [home, *(place for place in places if place != _UNPLACED), home]


@dataclass(slots=True)
class LiveFlight:
    """A flight whose recording grows.

    Attributes:
        name: folder of the recording, such as `A-1/flight_20260610T020000Z` or `A-1/wind`.
        progress: what its journal said last; None for a simulated one, which has none.
    """

    name: str
    tail: RecordingTail
    points: list[Sight] = field(default_factory=list)
    progress: Mapping[str, Any] | None = None


class FlightShelf:
    """The flights in some folders; may be shared between threads."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Name the folders; what is in them is looked for anew with each question."""
        self._folders = tuple(folder.resolve() for folder in folders)
        self._lock = threading.Lock()
        self._sorties: dict[Path, tuple[float, str, Sortie]] = {}
        self._live: dict[Path, LiveFlight] = {}
        self._looked_s = self._found_s = -FIND_EVERY_S

    def sorties(self) -> list[SortieState]:
        """List the planned sorties by code; files that are none, or are damaged, are left out."""
        verdicts = {str(entry.get("sortie")): entry for entry in self._documents(VERDICT_FILE)}
        flown: dict[str, list[Flown]] = {}
        for path in self._files(SUMMARY_FILE):
            code, entry = _flown(path)
            if entry is not None:
                flown.setdefault(code, []).append(entry)
        with self._lock:
            known = [self._sortie(path) for path in self._files(f"*{MISSION_ENDING}")]
        states = {
            sortie.code: SortieState(
                sortie,
                _simulated(verdicts.get(sortie.code), digest),
                tuple(sorted(flown.get(sortie.code, ()), key=lambda entry: entry.name)),
            )
            for digest, sortie in (entry for entry in known if entry is not None)
        }
        return [states[code] for code in sorted(states)][:MOST_SORTIES]

    def live(self) -> list[LiveFlight]:
        """Flights that are recorded now, with all positions so far; the files are read but once."""
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._found_s >= FIND_EVERY_S:
                self._found_s = now_s
                self._find()
            if now_s - self._looked_s >= LOOK_EVERY_S:
                self._looked_s = now_s
                for flight in self._live.values():
                    flight.points = (flight.points + flight.tail.look())[-MOST_POINTS:]
                    flight.progress = _last_progress(flight.tail.path.parent / JOURNAL_FILE)
            return list(self._live.values())

    def _find(self) -> None:
        growing = {path for path in self._files("*.tlog") if _age_s(path) < LIVE_S}
        for path in list(self._live):
            if path not in growing:
                del self._live[path]
        for path in growing:
            name = f"{path.parent.parent.name}/{path.parent.name}"
            self._live.setdefault(path, LiveFlight(name, RecordingTail(path)))

    def _files(self, pattern: str) -> Iterator[Path]:
        for folder in self._folders:
            yield from sorted(folder.rglob(pattern))

    def _documents(self, name: str) -> Iterator[Mapping[str, Any]]:
        for path in self._files(name):
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue  # being written, or not ours
            if isinstance(document, dict):
                yield document

    def _sortie(self, path: Path) -> tuple[str, Sortie] | None:
        """Read a sortie with the SHA-256 of its file; again only when the file has changed."""
        try:
            changed = path.stat().st_mtime
            known = self._sorties.get(path)
            if known is None or known[0] != changed:
                data = path.read_bytes()
                known = (changed, _sha256(data), parse_sortie(path, data))
                self._sorties[path] = known
        except (OSError, AerogridError):
            return None
        return known[1], known[2]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return LIVE_S


def _simulated(verdict: Mapping[str, Any] | None, digest: str) -> Simulated | None:
    if verdict is None:
        return None
    scenarios = verdict.get("scenarios")
    problem = verdict.get("problem")
    return Simulated(
        passed=verdict.get("passed") is True,
        is_of_this_file=verdict.get("mission_sha256") == digest,
        scenarios={str(name): ended is True for name, ended in scenarios.items()}
        if isinstance(scenarios, dict)
        else {},
        problem=None if problem is None else str(problem),
        photos_taken=int(verdict.get("photos_taken") or 0),
    )


def _flown(path: Path) -> tuple[str, Flown | None]:
    try:
        summary = read_summary(path.parent)
    except LogError:
        summary = None
    if summary is None:
        return "", None
    troubles = [entry.get("text", "") for entry in summary.get("troubles", ())]
    return summary["sortie"], Flown(
        name=path.parent.name,
        completed=summary.get("completed") is True,
        problem=summary.get("problem"),
        photos=int(summary.get("photos") or 0),
        photos_planned=int(summary.get("photos_planned") or 0),
        duration_s=float(summary.get("duration_s") or 0.0),
        battery_share=summary.get("battery_share"),
        troubles=tuple(map(str, troubles)),
    )


def _last_progress(journal: Path) -> Mapping[str, Any] | None:
    """The last thing that a journal says of how far a flight is; its last line may be half."""
    try:
        with journal.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("what") == "progress":
            return entry
    return None

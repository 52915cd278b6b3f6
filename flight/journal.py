"""EDGE: what happened in flights, as JSON lines that are on the disk when they are told."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flight.errors import LogError
from flight.fly import FlightResult
from flight.progress import FlightProgress
from flight.trouble import Trouble
from geo.files import replacing
from missions.model import Sortie

SUMMARY_FILE = "flight.json"
EVERY_S = 10.0  # of flight, for progress where nothing changes


@dataclass
class Journal:
    """One journal of one or more flights, written by several threads.

    A line is `{"time": ..., "sortie": ..., "what": ..., ...}`; lines are only ever added. One that
    cannot be written (disk full) is counted and never stops a flight.

    Attributes:
        fault: what is missing, in words; None if nothing.
    """

    path: Path
    fault: str | None = None
    _lost_lines: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: dict[str, FlightProgress] = field(default_factory=dict)

    def write(self, sortie: str, what: str, **more: Any) -> None:
        """Add a line."""
        line = {"time": datetime.now(UTC).isoformat(), "sortie": sortie, "what": what, **more}
        text = json.dumps(line, ensure_ascii=False, allow_nan=False, default=str)
        with self._lock:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(text + "\n")
            except OSError as error:
                self._lost_lines += 1
                reason = error.strerror or error
                self.fault = f"{self.path}: {self._lost_lines} lines were not written ({reason})"

    def progress(self, progress: FlightProgress) -> None:
        """Note a change of phase, mode or item, news once each, and where it is at times.

        News are troubles, changes of mode, and notices: orders, refusals, take-overs.
        """
        code = progress.sortie_code
        before = self._last.get(code)
        for trouble in progress.troubles[0 if before is None else len(before.troubles) :]:
            self.write(code, "trouble", **trouble_fields(trouble))
        for text in progress.notices[0 if before is None else len(before.notices) :]:
            self.write(code, "notice", text=text)
        if before is not None and before.mode != progress.mode:
            self.write(code, "mode", mode=progress.mode, before=before.mode)
        if before is not None and not _is_news(before, progress):
            return
        self._last[code] = progress
        fields = asdict(progress)
        for told in ("sortie_code", "troubles", "notices"):
            del fields[told]
        self.write(code, "progress", **{name: _rounded(value) for name, value in fields.items()})

    @contextmanager
    def kept(self, sortie: str) -> Iterator[None]:
        """Note the beginning of a flight, and the error that ends it, if one does."""
        self.write(sortie, "begin")
        with ExitStack() as at_end:
            at_end.push(lambda _, error, __: self._ended(sortie, error))
            yield

    def _ended(self, sortie: str, error: BaseException | None) -> None:
        if error is None:
            self.write(sortie, "end")
            return
        notes = list(getattr(error, "__notes__", ()))
        self.write(sortie, "error", error=f"{type(error).__name__}: {error}", notes=notes)


def _is_news(before: FlightProgress, now: FlightProgress) -> bool:
    changed = (before.phase, before.mode, before.item) != (now.phase, now.mode, now.item)
    told = len(before.troubles), len(before.notices)
    more = told != (len(now.troubles), len(now.notices))
    return changed or more or now.elapsed_s - before.elapsed_s >= EVERY_S


def _rounded(value: Any) -> Any:
    """Centimetres and hundredths are enough; degrees keep their seven places."""
    return round(value, 7) if isinstance(value, float) else value


def trouble_fields(trouble: Trouble) -> dict[str, Any]:
    """A trouble in JSON's types."""
    return {
        "kind": trouble.kind.value,
        "at": None if trouble.time is None else trouble.time.isoformat(),
        "text": trouble.text,
        "response": trouble.response,
    }


def write_summary(folder: Path, sortie: Sortie, result: FlightResult) -> None:
    """Write `flight.json`: how a flight ended, what was changed in the vehicle, what was said."""
    document = {
        "format": "aerogrid flight",
        "sortie": sortie.code,
        "completed": result.completed,
        "problem": result.problem,
        "duration_s": round(result.duration_s, 1),
        "planned_s": round(sortie.duration_s, 1),
        "photos": len(result.track.camera_events),
        "photos_planned": len(sortie.photos),
        "battery_share": result.battery_share,
        "modes": list(result.modes),
        "notes": list(result.notes),
        "troubles": [trouble_fields(trouble) for trouble in result.troubles],
        "events": [
            {
                "time": None if event.time is None else event.time.isoformat(),
                "severity": event.severity,
                "text": event.text,
            }
            for event in result.events
        ],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(folder / SUMMARY_FILE) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_summary(folder: Path) -> dict[str, Any] | None:
    """What `write_summary` wrote of a flight; None where there is none.

    Raises:
        LogError: it is damaged.
    """
    path = folder / SUMMARY_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LogError(
            f"{path}: cannot be read ({error}); take it away to go by the log"
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("sortie"), str):
        raise LogError(f"{path}: names no sortie; take it away to go by the log")
    return document

"""EDGE: what simulated flights of one mission file came to, and whether that allows a real one."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flight.adherence import Adherence
from flight.errors import RefusedError
from geo.files import replacing

VERDICT_FILE = "verdict.json"
FORMAT = "aerogrid verdict"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the simulated flights of one mission file went.

    Attributes:
        mission_sha256: of the bytes of the mission.json that was flown.
        completed: the whole mission was flown, inside its fence.
        least_flown_share: of the row that was flown least; None without rows.
        cross_track_rms_m, cross_track_worst_m: over all rows; None where none was flown.
        passed: every scenario ended as it should and kept to every limit.
        backend: what flew it.
        scenarios: by name, whether each passed.
    """

    sortie: str
    mission_sha256: str
    completed: bool
    problem: str | None
    seed: int
    wind_m_s: float
    wind_from_deg: float
    gust_m_s: float
    cross_track_rms_m: float | None
    cross_track_worst_m: float | None
    least_flown_share: float | None
    photos_planned: int
    photos_taken: int
    photos_missed: int
    passed: bool
    backend: str
    scenarios: dict[str, bool]


def sha256_of(mission: Path) -> str:
    """Fingerprint of a file."""
    return hashlib.sha256(mission.read_bytes()).hexdigest()


def adherence_figures(adherence: Adherence) -> dict[str, Any]:
    """Express how a plan was kept to in JSON's types; None for what there is no figure of."""
    shares = [row.flown_share for row in adherence.rows]
    return {
        "cross_track_rms_m": _rounded(adherence.rms_m),
        "cross_track_worst_m": _rounded(adherence.worst_m),
        "least_flown_share": _rounded(min(shares)) if shares else None,
        "photos_planned": adherence.photos_planned,
        "photos_taken": adherence.photos_taken,
        "photos_missed": len(adherence.photos_missed),
    }


def _rounded(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Write `verdict.json`, whole or not at all."""
    document = {"format": FORMAT, **asdict(verdict)}
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(folder / VERDICT_FILE) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def require_passed(mission: Path, path: Path) -> Verdict:
    """Read a verdict and see that it is of this very mission file, and good.

    Raises:
        RefusedError: it is missing, damaged, of another file, or of a flight that failed.
    """
    remedy = f"Run `aerogrid simulate {mission}` and look at what it tells, then fly."
    verdict = _read(path, remedy)
    if verdict.mission_sha256 != sha256_of(mission):
        raise RefusedError(
            f"{path}: tells of another mission file than {mission}, or of what it held before it "
            f"was changed. {remedy}"
        )
    if verdict.completed is not True:
        raise RefusedError(
            f"{path}: the simulated flight was not completed ({verdict.problem}). "
            f"Mend the plan; nothing is armed for it. {remedy}"
        )
    if verdict.passed is not True:
        raise RefusedError(
            f"{path}: a simulated flight did not keep to its limits ({verdict.problem}). "
            f"Mend the plan; nothing is armed for it. {remedy}"
        )
    return verdict


def _read(path: Path, remedy: str) -> Verdict:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RefusedError(
            f"{path}: no such file; a real vehicle is armed only for a mission file whose "
            f"simulated flight was completed. {remedy}"
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RefusedError(f"{path}: cannot be read ({error}). {remedy}") from error
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise RefusedError(f"{path}: is no {VERDICT_FILE}. {remedy}")
    try:
        return Verdict(**document)
    except TypeError as error:
        raise RefusedError(f"{path}: is damaged ({error}). {remedy}") from error

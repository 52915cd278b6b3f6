"""EDGE: what simulated flights of one mission file came to, and whether that allows a real one."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from flight.adherence import Adherence
from flight.errors import RefusedError
from geo.files import replacing

VERDICT_FILE = "verdict.json"
FORMAT = "aerogrid verdict"
DIGEST = "content_sha256"


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
        scenario_sha256: by name, of what each scenario was.
        dem_sha256: of the file of ground heights; None where the ground was taken to be level.
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
    scenario_sha256: dict[str, str] = field(default_factory=dict)
    dem_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What simulated flights must have been of, for a real one to be allowed.

    Attributes:
        mission: named in errors; it is not read again.
        mission_sha256: of the bytes that are checked and flown.
        scenario_sha256: by name, of each scenario that must have passed.
        wind_m_s: least mean wind in which the mission must have been completed.
        dem_sha256: of the ground heights that the file is checked against; None for level ground.
    """

    mission: Path
    mission_sha256: str
    scenario_sha256: Mapping[str, str]
    wind_m_s: float
    dem_sha256: str | None


def sha256_of(path: Path) -> str:
    """Fingerprint of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    document[DIGEST] = content_sha256(document)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(folder / VERDICT_FILE) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def content_sha256(document: Mapping[str, Any]) -> str:
    """Fingerprint of everything that a verdict says.

    It shows that a file was changed by hand or damaged. It is no signature: who can run this
    program can also compute it anew.
    """
    said = {name: value for name, value in document.items() if name != DIGEST}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def require_passed(proof: Proof, path: Path) -> Verdict:
    """Read a verdict and see that it is of this very mission file, and good.

    Raises:
        RefusedError: it is missing, damaged, of another file, of too little, or of a flight that
            failed.
    """
    order = f"aerogrid simulate {proof.mission} --out {path.parent.parent}"
    remedy = f"Run `{order}` and look at what it tells, then fly."
    verdict = _read(path, remedy)
    if verdict.mission_sha256 != proof.mission_sha256:
        raise RefusedError(
            f"{path}: tells of another mission file than {proof.mission}, or of what it held "
            f"before it was changed. {remedy}"
        )
    mend = f"({verdict.problem}). Mend the plan; nothing is armed for it. {remedy}"
    if verdict.completed is not True:
        raise RefusedError(f"{path}: the simulated flight was not completed {mend}")
    if verdict.passed is not True or verdict.photos_missed != 0:
        raise RefusedError(f"{path}: a simulated flight did not keep to its limits {mend}")
    lacking = _lacking(verdict, proof)
    if lacking is not None:
        raise RefusedError(f"{path}: {lacking}. Nothing is armed for it. {remedy}")
    return verdict


def _lacking(verdict: Verdict, proof: Proof) -> str | None:
    """What the simulated flights did not try, in words; None where they tried all."""
    known, flown = verdict.scenario_sha256, verdict.scenarios
    missing = [
        name
        for name, digest in proof.scenario_sha256.items()
        if known.get(name) != digest or flown.get(name) is not True
    ]
    if missing:
        return (
            f"the scenarios that come with aerogrid were not all passed as they are: "
            f"{', '.join(missing)} (without --scenario all of them are flown)"
        )
    wind = verdict.wind_m_s
    if not (isinstance(wind, int | float) and wind >= proof.wind_m_s):
        return f"was flown in {wind} m/s of wind; {proof.wind_m_s:g} m/s are needed (--wind)"
    if verdict.dem_sha256 != proof.dem_sha256:
        return "was not flown over the ground that is given with --dem; give both the same DEM"
    return None


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
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RefusedError(f"{path}: is no {VERDICT_FILE}. {remedy}")
    if document.get(DIGEST) != content_sha256(document):
        raise RefusedError(
            f"{path}: does not say what `aerogrid simulate` wrote ({DIGEST} does not match): it "
            f"was changed, or is of an older version. {remedy}"
        )
    document = {k: v for k, v in document.items() if k not in ("format", DIGEST)}
    try:
        for name in ("scenarios", "scenario_sha256"):
            if not isinstance(document.get(name, {}), dict):
                raise TypeError(f"{name} is {document[name]!r}")
        return Verdict(**document)
    except TypeError as error:
        raise RefusedError(f"{path}: is damaged ({error}). {remedy}") from error

"""How rows of the database become values and back."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, overload

from sqlalchemy import ColumnElement, Row
from sqlalchemy.orm import InstrumentedAttribute

from cases.categories import Words
from cases.chain import place_facts, pose_facts
from cases.lifecycle import Stage
from cases.model import Case, Event, Evidence, FilingEntry, FilingResult, Place
from cases.tables import CaseRow, EventRow, EvidenceRow, FilingRow
from geo.pose import Attitude, GeoPoint, Pose, PoseSigma

_SAME_NAME = (
    "case_no",
    "category",
    "class_name",
    "urgency",
    "score",
    "polygon",
    "lon_deg",
    "lat_deg",
    "sigma_m",
    "area_m2",
    "rule_id",
    "rule_version",
    "model_sha256",
    "to_check",
    "patrol_id",
    "last_patrol_id",
    "first_seen",
    "last_seen",
    "gone_at",
    "version",
)

_POSE_COLUMNS = (
    "lon_deg", "lat_deg", "altitude_amsl_m", "yaw_deg", "pitch_deg", "roll_deg",
    "sigma_horizontal_m", "sigma_vertical_m", "sigma_axis_deg", "sigma_twist_deg", "pose_source",
)  # fmt: skip

_EVENT_COLUMNS = tuple(field.name for field in dataclasses.fields(Event))

_same, _pose_columns, _event_columns = (
    attrgetter(*names) for names in (_SAME_NAME, _POSE_COLUMNS, _EVENT_COLUMNS)
)


def _named(names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def case_from_row(row: CaseRow | Row[Any], evidence: Iterable[EvidenceRow | Row[Any]]) -> Case:
    """Make the value of a case; `evidence` is all that was ever filed for it, oldest first."""
    return Case(
        **_named(_SAME_NAME, _same(row)),
        stage=Stage(row.stage),
        place=Place(row.cell_code, row.cell_name, row.town, row.village, row.officer),
        why=tuple(Words(en, zh) for en, zh in row.why),
        evidence=_shown(row.shown, evidence),
    )


def _shown(
    versions: Mapping[str, int], evidence: Iterable[EvidenceRow | Row[Any]]
) -> tuple[Evidence, ...]:
    """Of each patrol that still has seen the case its set, in the order in which they came."""
    return tuple(
        evidence_from_row(entry)
        for entry in evidence
        if versions.get(entry.patrol_id) == entry.version
    )


@overload
def queue_rank(urgency: int, score: float) -> float: ...


@overload
def queue_rank(
    urgency: InstrumentedAttribute[int], score: InstrumentedAttribute[float]
) -> ColumnElement[float]: ...


def queue_rank(urgency: Any, score: Any) -> Any:
    """Order of work in one number that an index can hold: urgency, then score; also as SQL."""
    return urgency + 0.999 * (1.0 - score)


def case_values(case: Case) -> dict[str, Any]:
    """Make the columns of a case, without its evidence."""
    return {
        **_named(_SAME_NAME, _same(case)),
        **place_facts(case.place),
        "stage": case.stage.value,
        "queue_rank": queue_rank(case.urgency, case.score),
        "why": [[words.en, words.zh] for words in case.why],
        "shown": {entry.patrol_id: entry.version for entry in case.evidence},
    }


def evidence_values(case: Case) -> list[dict[str, Any]]:
    """Make the columns of the evidence that came with this version of a case."""
    return [
        {
            "case_no": case.case_no,
            "version": entry.version,
            "position": position,
            "patrol_id": entry.patrol_id,
            "photo_id": entry.photo_id,
            "photo_sha256": entry.photo_sha256,
            "class_name": entry.class_name,
            "polygon_px": entry.polygon_px,
            **_pose_values(entry.pose),
        }
        for position, entry in fresh_evidence(case)
    ]


def fresh_evidence(case: Case) -> Iterator[tuple[int, Evidence]]:
    """List the evidence that came with this version of a case, with its place among it."""
    return enumerate(entry for entry in case.evidence if entry.version == case.version)


def evidence_from_row(row: EvidenceRow | Row[Any]) -> Evidence:
    """Make the value of an outline in a photo."""
    return Evidence(
        patrol_id=row.patrol_id,
        photo_id=row.photo_id,
        photo_sha256=row.photo_sha256,
        class_name=row.class_name,
        polygon_px=row.polygon_px,
        pose=_pose(row),
        version=row.version,
    )


def _pose_values(pose: Pose | None) -> dict[str, Any]:
    facts = pose_facts(pose)
    return dict(zip(_POSE_COLUMNS, facts or [None] * len(_POSE_COLUMNS), strict=True))


def _pose(row: EvidenceRow | Row[Any]) -> Pose | None:
    if row.lon_deg is None:
        return None
    *values, source = _pose_columns(row)
    return Pose(GeoPoint(*values[:3]), Attitude(*values[3:6]), PoseSigma(*values[6:]), source)


def event_from_row(row: EventRow) -> Event:
    """Make the value of an entry of the history."""
    return Event(*_event_columns(row))


def event_values(event: Event) -> dict[str, Any]:
    """Make the columns of an entry of the history."""
    values = _named(_EVENT_COLUMNS, _event_columns(event))
    return {**values, "details": dict(event.details)}


def filing_from_row(row: FilingRow) -> FilingEntry:
    """Make the value of a filing."""
    lists = {name: tuple(row.result[name]) for name in ("new", "same", "gone", "withdrawn")}
    return FilingEntry(
        filing_id=row.filing_id,
        patrol_id=row.patrol_id,
        digest=row.digest,
        flown_at=row.flown_at,
        filed_at=row.filed_at,
        model_sha256=row.model_sha256,
        rule_version=row.rule_version,
        result=FilingResult(lists["new"], lists["same"], lists["gone"], lists["withdrawn"]),
    )


def filing_values(filing: FilingEntry) -> dict[str, Any]:
    """Make the columns of a filing."""
    return {
        "filing_id": filing.filing_id,
        "patrol_id": filing.patrol_id,
        "digest": filing.digest,
        "flown_at": filing.flown_at,
        "filed_at": filing.filed_at,
        "model_sha256": filing.model_sha256,
        "rule_version": filing.rule_version,
        "result": filing.result.lists(),
    }

"""Is the history of the cases still what was written? A hash chain over its entries.

Each entry's hash covers the entry and the hash before it. An entry about a case carries the hash of
the case as it stood afterwards and of each outline that came with it, an entry about a filing the
hash of what the registry keeps of it; so a changed, removed or added entry and changed cases,
evidence and filings are all found.

What a chain cannot show by itself is that its end was cut off and its cases set back, or that it
was rewritten as a whole: both leave a sound chain. For that a head (the hash of the last entry at
some moment) has to be known outside the registry; `verify` asks for every head that is known.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import shapely
from shapely import Polygon

from cases.model import Case, ChainReport, Event, Evidence, FilingEntry, Head, Place
from geo.pose import Pose

FIRST_HASH = "0" * 64
_PLACE = tuple(entry.name for entry in fields(Place))


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: Any) -> str:
    """Write JSON in the one way that hashes are made of."""
    return _ENCODER.encode(value)


@lru_cache(maxsize=1024)
def outline_wkb(polygon: Polygon) -> bytes:
    """Write an outline as little-endian WKB; kept, since a filing writes each several times."""
    return bytes(shapely.to_wkb(polygon, byte_order=1))


def outline_hex(polygon: Polygon) -> str:
    """Write an outline as hexadecimal WKB, as it goes into hashes and entries."""
    return outline_wkb(polygon).hex().upper()


def sha256_of(value: Any) -> str:
    """Hash a JSON value, hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def utc_text(at: datetime) -> str:
    """Write a moment as ISO 8601 in UTC to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def next_event(
    before: Event | None,
    *,
    case_no: str | None,
    at: datetime,
    actor: str,
    action: str,
    details: Mapping[str, Any],
) -> Event:
    """Make the entry that follows another; None for the first."""
    seq = before.seq + 1 if before else 1
    prev_hash = before.hash if before else FIRST_HASH
    unsigned = Event(seq, case_no, at, actor, action, details, prev_hash, "")
    return Event(seq, case_no, at, actor, action, details, prev_hash, event_hash(unsigned))


def event_hash(event: Event) -> str:
    """Hash everything of an entry but its own hash."""
    return sha256_of(
        [
            event.prev_hash,
            event.seq,
            event.case_no,
            utc_text(event.at),
            event.actor,
            event.action,
            dict(event.details),
        ]
    )


def case_hash(case: Case) -> str:
    """Hash a case as it stands, with its evidence."""
    return sha256_of(case_facts(case))


def case_facts(case: Case) -> dict[str, Any]:
    """List everything that the hash of a case covers, as JSON."""
    place = case.place
    return {
        "case_no": case.case_no,
        "category": case.category,
        "class": case.class_name,
        "stage": case.stage.value,
        "urgency": case.urgency,
        "score": case.score,
        "polygon": outline_hex(case.polygon),
        "lonlat": [case.lon_deg, case.lat_deg],
        "sigma_m": case.sigma_m,
        "area_m2": case.area_m2,
        "place": [place.cell_code, place.cell_name, place.town, place.village, place.officer],
        "rule": [case.rule_id, case.rule_version],
        "model": case.model_sha256,
        "why": [[words.en, words.zh] for words in case.why],
        "to_check": case.to_check,
        "patrols": [case.patrol_id, case.last_patrol_id],
        "seen": [utc_text(case.first_seen), utc_text(case.last_seen)],
        "gone_at": utc_text(case.gone_at) if case.gone_at else None,
        "evidence": [evidence_facts(entry) for entry in case.evidence],
        "version": case.version,
    }


def evidence_hash(case_no: str, position: int, entry: Evidence) -> str:
    """Hash one outline with its photo, its pose and its place among those of its version."""
    return sha256_of([case_no, position, *evidence_facts(entry)])


def evidence_facts(entry: Evidence) -> list[object]:
    """List everything that the hash of an outline covers, as JSON."""
    return [
        entry.patrol_id,
        entry.photo_id,
        entry.photo_sha256,
        entry.class_name,
        outline_hex(entry.polygon_px),
        pose_facts(entry.pose),
        entry.version,
    ]


def place_facts(place: Place) -> dict[str, str]:
    """List everything that a place says, by name."""
    return {name: getattr(place, name) for name in _PLACE}


def pose_facts(pose: Pose | None) -> list[object] | None:
    """List everything that a pose says, as JSON."""
    if pose is None:
        return None
    place, attitude, sigma = pose.position, pose.attitude, pose.sigma
    return [
        place.lon_deg,
        place.lat_deg,
        place.altitude_amsl_m,
        attitude.yaw_deg,
        attitude.pitch_deg,
        attitude.roll_deg,
        sigma.horizontal_m,
        sigma.vertical_m,
        sigma.axis_deg,
        sigma.twist_deg,
        pose.source,
    ]


def filing_hash(filing: FilingEntry) -> str:
    """Hash what the registry keeps of a filing."""
    return sha256_of(
        [
            filing.filing_id,
            filing.patrol_id,
            filing.digest,
            utc_text(filing.flown_at),
            utc_text(filing.filed_at),
            filing.model_sha256,
            filing.rule_version,
            filing.result.lists(),
        ]
    )


def verify(
    events: Iterable[Event],
    cases: Iterable[Case],
    evidence: Iterable[tuple[str, int, Evidence]] = (),
    filings: Iterable[FilingEntry] = (),
    heads: Iterable[Head] = (),
) -> ChainReport:
    """Check a history in order against itself, and all that the registry holds against it.

    Args:
        events: oldest first.
        cases: with their current evidence.
        evidence: everything ever filed: case number, place among those of its version, outline.
        filings: everything that was taken from patrols.
        heads: last entries of earlier moments, as known outside the registry.
    """
    before: Event | None = None
    states: dict[str, str] = {}
    filed: dict[tuple[str, int], set[str]] = {}
    vouched: dict[int, str] = {}
    known = {head.hash: head for head in heads}
    missing = dict(known)
    problems: list[str] = []
    for event in events:
        problems.extend(_broken_links(before, event))
        missing.pop(event.hash, None)
        if event.case_no is not None:
            states[event.case_no] = str(event.details.get("state"))
            if "evidence" in event.details:
                filed[event.case_no, event.details["version"]] = {
                    entry["sha256"] for entry in event.details["evidence"]
                }
        for number, hashed in event.details.get("filings", {}).items():
            vouched[int(number)] = hashed
        before = event
    problems.extend(_lost_heads(missing.values()))
    problems.extend(_changed_cases(cases, states))
    problems.extend(_changed_evidence(evidence, filed))
    problems.extend(_changed_filings(filings, vouched))
    return ChainReport(
        events=before.seq if before else 0,
        head=before.hash if before else FIRST_HASH,
        heads=len(known),
        problems=tuple(problems),
    )


def _broken_links(before: Event | None, event: Event) -> Iterator[str]:
    expected_seq = before.seq + 1 if before else 1
    if event.seq != expected_seq:
        yield f"entry {expected_seq} is missing: entry {event.seq} follows"
    if event.prev_hash != (before.hash if before else FIRST_HASH):
        yield f"entry {event.seq} does not follow the entry before it"
    if event.hash != event_hash(event):
        yield f"entry {event.seq} (case {event.case_no}, {event.action}) was changed"


def _lost_heads(missing: Iterable[Head]) -> Iterator[str]:
    for head in sorted(missing, key=lambda head: head.seq):
        entry = f"entry {head.seq}" if head.seq else "an entry"
        yield (
            f"{entry} with hash {head.hash[:12]}..., known from {head.source}, is not in the "
            "history any more: its end was cut off or it was rewritten"
        )


def _changed_filings(filings: Iterable[FilingEntry], vouched: Mapping[int, str]) -> Iterator[str]:
    standing = set()
    for filing in filings:
        standing.add(filing.filing_id)
        if vouched.get(filing.filing_id) != filing_hash(filing):
            yield f"filing {filing.filing_id} ({filing.patrol_id}) is not what its entry says"
    for number in sorted(set(vouched) - standing):
        yield f"filing {number} was removed"


def _changed_cases(cases: Iterable[Case], states: dict[str, str]) -> Iterator[str]:
    standing = set()
    for case in cases:
        standing.add(case.case_no)
        if case.case_no not in states:
            yield f"case {case.case_no} has no history"
        elif case_hash(case) != states[case.case_no]:
            yield f"case {case.case_no} is not what its last entry left"
    for case_no in sorted(set(states) - standing):
        yield f"case {case_no} was removed"


def _changed_evidence(
    evidence: Iterable[tuple[str, int, Evidence]], filed: Mapping[tuple[str, int], set[str]]
) -> Iterator[str]:
    standing: dict[tuple[str, int], set[str]] = {}
    for case_no, position, entry in evidence:
        hashes = standing.setdefault((case_no, entry.version), set())
        hashes.add(evidence_hash(case_no, position, entry))
    for case_no, version in sorted(set(filed) | set(standing)):
        if filed.get((case_no, version)) != standing.get((case_no, version)):
            yield f"evidence of case {case_no} is not what was filed with its version {version}"

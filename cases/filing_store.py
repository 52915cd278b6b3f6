"""EDGE: put the findings of a patrol into the registry, inside one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import shapely
from shapely import Polygon
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.chain import filing_hash
from cases.errors import RegistryError
from cases.journal import Journal, load_cases
from cases.lifecycle import Action, Stage
from cases.matching import MATCHED_STAGES, Matching, match
from cases.model import (
    Case,
    FilingEntry,
    FilingResult,
    Findings,
    Head,
    PatrolRecord,
    Proposal,
)
from cases.rows import case_from_row, filing_from_row, filing_values
from cases.rules import Rulebook
from cases.tables import CaseRow, EventRow, FilingRow
from cases.updating import changes, miss, open_case, see_again, withdraw

FILING_ACTOR = "filing"
_MARGIN_DEG = 0.01
"""About a kilometre, far beyond every matching distance."""


@dataclass(frozen=True, slots=True)
class Filing:
    """Everything that one filing says."""

    patrol: PatrolRecord
    findings: Findings
    rulebook: Rulebook
    footprints: tuple[Polygon, ...]
    digest: str
    now: datetime


def store_filing(session: Session, filing: Filing) -> FilingResult:
    """Make, update and take back cases; a filing that was already stored changes nothing."""
    before = _last_filing(session, filing.patrol.patrol_id)
    if before is not None and before.digest == filing.digest:
        return replace(before.result, already_filed=True, head=_vouching_head(session, before))
    matching = match(
        filing.findings,
        _known_cases(session, filing),
        filing.rulebook.categories,
        patrol=filing.patrol,
        footprints=filing.footprints,
    )
    with Journal(session, actor=FILING_ACTOR, now=filing.now) as journal:
        result = FilingResult(
            same=_store_same(session, journal, filing, matching),
            gone=_store_gone(session, journal, filing, matching),
            withdrawn=_store_withdrawn(session, journal, filing, matching),
            new=_store_new(session, journal, filing, matching),
        )
        _store_filing_row(session, journal, filing, result)
        return replace(result, head=journal.head)


def _last_filing(session: Session, patrol_id: str) -> FilingEntry | None:
    query = select(FilingRow).where(FilingRow.patrol_id == patrol_id)
    row = session.scalars(query.order_by(FilingRow.filing_id.desc()).limit(1)).first()
    return filing_from_row(row) if row else None


def _vouching_head(session: Session, filing: FilingEntry) -> Head:
    """Find the entry that ended a filing; refuse a filing that it does not vouch for."""
    notes = select(EventRow).where(EventRow.case_no.is_(None), EventRow.action == "filing")
    nth = notes.order_by(EventRow.seq).offset(filing.filing_id - 1).limit(1)
    entry = session.scalars(nth).first()
    # filings of before revision 0002 are vouched for by a seal, which the audit looks at
    hashed = entry and entry.details.get("filings", {str(filing.filing_id): filing_hash(filing)})
    if entry is None or hashed != {str(filing.filing_id): filing_hash(filing)}:
        raise RegistryError(
            f"filing {filing.filing_id} of patrol {filing.patrol_id} was changed in the registry "
            "since; run `aerogrid audit` and go back to a backup"
        )
    return Head(entry.seq, entry.hash)


def _known_cases(session: Session, filing: Filing) -> list[Case]:
    """Cases that the findings or footprints could be about, without their evidence."""
    areas = [proposal.polygon for proposal in filing.findings.proposals] + list(filing.footprints)
    stages = [stage.value for stage in MATCHED_STAGES]
    of_patrol = CaseRow.last_patrol_id == filing.patrol.patrol_id
    where = of_patrol
    if areas:
        west, south, east, north = shapely.multipolygons(areas).bounds
        where = of_patrol | (
            CaseRow.lon_deg.between(west - _MARGIN_DEG, east + _MARGIN_DEG)
            & CaseRow.lat_deg.between(south - _MARGIN_DEG, north + _MARGIN_DEG)
        )
    rows = session.scalars(select(CaseRow).where(CaseRow.stage.in_(stages), where))
    return [case_from_row(row, with_evidence=False) for row in rows]


def _store_new(
    session: Session, journal: Journal, filing: Filing, matching: Matching
) -> tuple[str, ...]:
    numbers = []
    prefix = f"{filing.rulebook.local_day(filing.patrol.flown_at, filing.now.date()):%Y%m%d}"
    number = _last_number(session, prefix)
    for proposal in matching.new:
        number += 1
        case = open_case(proposal, f"{prefix}-{number:04d}", filing.patrol)
        journal.record(case, "file", _seen_details(filing, proposal))
        numbers.append(case.case_no)
    return tuple(numbers)


def _last_number(session: Session, prefix: str) -> int:
    query = select(CaseRow.case_no).where(CaseRow.case_no.startswith(f"{prefix}-"))
    longest_first = func.length(CaseRow.case_no).desc()
    last = session.scalars(query.order_by(longest_first, CaseRow.case_no.desc()).limit(1)).first()
    return int(last.rpartition("-")[2]) if last else 0


def _store_same(
    session: Session, journal: Journal, filing: Filing, matching: Matching
) -> tuple[str, ...]:
    full = load_cases(session, [known.case_no for _, known in matching.same])
    for proposal, known in matching.same:
        case = full[known.case_no]
        seen = see_again(case, proposal, filing.patrol)
        if seen != case:
            details = _seen_details(filing, proposal)
            told: dict[str, Any] = {"grown_m2": round(seen.area_m2 - case.area_m2, 2)}
            told |= {"changes": changes(case, seen)}
            action = "same" if seen.stage is case.stage else Action.REFILE.value
            steps = {} if seen.stage is case.stage else _step(case.stage, seen.stage)
            journal.record(seen, action, {**details, **steps, **told})
    return tuple(known.case_no for _, known in matching.same)


def _store_gone(
    session: Session, journal: Journal, filing: Filing, matching: Matching
) -> tuple[str, ...]:
    full = load_cases(session, [known.case_no for known in matching.gone])
    for case in full.values():
        details = {"patrol": filing.patrol.patrol_id}
        journal.record(miss(case, filing.patrol), "gone", details)
    return tuple(full)


def _store_withdrawn(
    session: Session, journal: Journal, filing: Filing, matching: Matching
) -> tuple[str, ...]:
    full = load_cases(session, [known.case_no for known in matching.withdrawn])
    for case in full.values():
        details = {
            "patrol": filing.patrol.patrol_id,
            "reason": "a new filing of the same patrol no longer finds it",
            **_step(case.stage, Stage.WITHDRAWN),
        }
        journal.record(withdraw(case), Action.WITHDRAW.value, details)
    return tuple(full)


def _seen_details(filing: Filing, proposal: Proposal) -> dict[str, Any]:
    return {
        "patrol": filing.patrol.patrol_id,
        "model": filing.patrol.model_sha256,
        "rule": proposal.rule_id,
        "rule_version": proposal.rule_version,
        "observations": list(proposal.observation_ids),
        "score": proposal.score,
        "why": [[words.en, words.zh] for words in proposal.why],
    }


def _step(source: Stage, target: Stage) -> dict[str, str]:
    return {"from": source.value, "to": target.value}


def _store_filing_row(
    session: Session, journal: Journal, filing: Filing, result: FilingResult
) -> None:
    last = session.scalar(select(func.max(FilingRow.filing_id)))
    patrol = filing.patrol
    entry = FilingEntry(
        filing_id=(last or 0) + 1,
        patrol_id=patrol.patrol_id,
        digest=filing.digest,
        flown_at=patrol.flown_at,
        filed_at=filing.now,
        model_sha256=patrol.model_sha256,
        rule_version=filing.rulebook.version_label,
        result=result,
    )
    session.add(FilingRow(**filing_values(entry)))
    details = {
        "patrol": patrol.patrol_id,
        "digest": filing.digest,
        "model": patrol.model_sha256,
        "rule_version": filing.rulebook.version_label,
        "rejected": len(filing.findings.rejected),
        **{name: len(numbers) for name, numbers in result.lists().items()},
        "filings": {str(entry.filing_id): filing_hash(entry)},
    }
    journal.note("filing", details)

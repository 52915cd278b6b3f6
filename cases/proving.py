"""EDGE: the whole history of a registry against itself and against all that it holds."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cases.chain import verify
from cases.listing import misfiled
from cases.model import ChainReport, Head
from cases.rows import case_from_row, event_from_row, evidence_from_row, filing_from_row
from cases.tables import CaseRow, EventRow, EvidenceRow, FilingRow

_CHUNK = 1000


def verify_all(session: Session, heads: Iterable[Head]) -> ChainReport:
    """Check what a session sees, entries that it has not committed, too.

    `heads` that were kept elsewhere have to be in the history.
    """
    events = select(EventRow).order_by(EventRow.seq).execution_options(yield_per=_CHUNK)
    cases = select(CaseRow).options(selectinload(CaseRow.evidence)).order_by(CaseRow.case_no)
    evidence = select(EvidenceRow).execution_options(yield_per=_CHUNK)
    report = verify(
        map(event_from_row, session.scalars(events)),
        (
            case_from_row(row, row.evidence)
            for row in session.scalars(cases.execution_options(yield_per=_CHUNK))
        ),
        ((row.case_no, row.position, evidence_from_row(row)) for row in session.scalars(evidence)),
        map(filing_from_row, session.scalars(select(FilingRow))),
        heads,
    )
    return replace(report, problems=(*report.problems, *misfiled(session)))

"""EDGE: which photos a registry needs, so that no other program throws them away."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.lifecycle import OPEN_STAGES, Stage
from cases.reading import chunks
from cases.tables import CaseRow, EvidenceRow

_UNDER_WAY = sorted(stage.value for stage in OPEN_STAGES | {Stage.SNOOZED})


def evidence_among(session: Session, photo_sha256: Collection[str]) -> frozenset[str]:
    """Hashes of the photos that are evidence of any case, whatever became of it."""
    found: set[str] = set()
    for chunk in chunks(sorted(photo_sha256)):
        query = select(EvidenceRow.photo_sha256).where(EvidenceRow.photo_sha256.in_(chunk))
        found |= set(session.scalars(query.distinct()))
    return frozenset(found)


def cases_under_way(session: Session, patrol_id: str) -> int:
    """How many cases that a patrol has seen still ask for something to be done, or sleep."""
    seen = select(EvidenceRow.case_no).where(EvidenceRow.patrol_id == patrol_id)
    query = select(CaseRow.case_no).where(
        CaseRow.case_no.in_(seen)
        | (CaseRow.patrol_id == patrol_id)
        | (CaseRow.last_patrol_id == patrol_id),
        CaseRow.stage.in_(_UNDER_WAY),
    )
    return len(session.scalars(query).all())

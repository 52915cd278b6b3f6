"""EDGE: which photos a registry needs, so that no other program throws them away."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.journal import Journal
from cases.ledger import Ledger
from cases.lifecycle import OPEN_STAGES, Stage
from cases.reading import chunks
from cases.tables import CaseRow, EvidenceRow

_UNDER_WAY = sorted(stage.value for stage in OPEN_STAGES | {Stage.SNOOZED})


class Keeping(Ledger):
    """What the registry needs of the photos, and what it knows of those that go."""

    def evidence_among(self, photo_sha256: Collection[str]) -> frozenset[str]:
        """Hashes of those photos that are evidence of any case, whatever became of it."""
        with self._read() as session:
            return _evidence_among(session, photo_sha256)

    def cases_under_way(self, patrol_id: str) -> int:
        """How many cases that a patrol has seen still ask for something to be done, or sleep."""
        with self._read() as session:
            return _cases_under_way(session, patrol_id)

    def note_retiring(
        self,
        patrol_id: str,
        photo_sha256: Collection[str],
        written: Callable[[frozenset[str]], Mapping[str, Any]],
        *,
        now: datetime,
    ) -> frozenset[str]:
        """Note that photos go, those that no case needs at this moment, and tell which.

        `written` writes down those that go, while nobody can file, and gives the entry's details.
        """
        with self._write() as session:
            if _cases_under_way(session, patrol_id):
                return frozenset()
            going = frozenset(photo_sha256) - _evidence_among(session, photo_sha256)
            if going:
                with Journal(session, actor="aerogrid", now=now) as journal:
                    journal.note("retire", written(going))
        return going


def _evidence_among(session: Session, photo_sha256: Collection[str]) -> frozenset[str]:
    """Hashes of the photos that are evidence of any case, whatever became of it."""
    found: set[str] = set()
    for chunk in chunks(sorted(photo_sha256)):
        query = select(EvidenceRow.photo_sha256).where(EvidenceRow.photo_sha256.in_(chunk))
        found |= set(session.scalars(query.distinct()))
    return frozenset(found)


def _cases_under_way(session: Session, patrol_id: str) -> int:
    """How many cases that a patrol has seen still ask for something to be done, or sleep."""
    seen = select(EvidenceRow.case_no).where(EvidenceRow.patrol_id == patrol_id)
    query = select(CaseRow.case_no).where(
        CaseRow.case_no.in_(seen)
        | (CaseRow.patrol_id == patrol_id)
        | (CaseRow.last_patrol_id == patrol_id),
        CaseRow.stage.in_(_UNDER_WAY),
    )
    return len(session.scalars(query).all())

"""EDGE: of which filed patrol are these photos?"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.errors import FiledMeanwhileError
from cases.model import PatrolRecord
from cases.same_patrol import marks_of, same_patrol
from cases.tables import EventRow, EvidenceRow


def patrol_of(session: Session, photo_sha256: Mapping[str, str]) -> str | None:
    """Find the filed patrol that photos, hashes by photo id, are of; None for a new one."""
    return same_patrol(_marks_filed(session), photo_sha256)


def _marks_filed(session: Session) -> dict[str, Sequence[str]]:
    """Marks of the photos of each patrol's last filing; of its evidence where that kept none."""
    notes = select(EventRow.details).where(EventRow.case_no.is_(None), EventRow.action == "filing")
    told = session.scalars(notes.order_by(EventRow.seq))
    filed = {note["patrol"]: note.get("photos") for note in told}
    marks = {patrol_id: kept for patrol_id, kept in filed.items() if kept is not None}
    return marks | _marks_of_evidence(session, filed.keys() - marks.keys())


def _marks_of_evidence(session: Session, patrol_ids: Collection[str]) -> dict[str, Sequence[str]]:
    """Marks of the photos that patrols gave as evidence; filings of before kept no others."""
    if not patrol_ids:
        return {}
    columns = (EvidenceRow.patrol_id, EvidenceRow.photo_sha256)
    query = select(*columns).where(EvidenceRow.patrol_id.in_(patrol_ids)).distinct()
    hashes: dict[str, set[str]] = {}
    for patrol_id, digest in session.execute(query):
        hashes.setdefault(patrol_id, set()).add(digest)
    return {patrol_id: marks_of(digests) for patrol_id, digests in hashes.items()}


def refuse_photos_of_another(session: Session, patrol: PatrolRecord) -> None:
    """Keep a flight that two programs file at once, under two names, from being two patrols."""
    others = _marks_filed(session)
    others.pop(patrol.patrol_id, None)
    known = same_patrol(others, patrol.photo_sha256)
    if known is not None:
        raise FiledMeanwhileError(patrol.patrol_id, known)

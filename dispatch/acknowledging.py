"""EDGE: what the word of an alert is about, and that somebody has seen it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.alert_tables import AlertRow, NoticeCaseRow, NoticeRow
from dispatch.digests import DIGEST, gathered_in
from dispatch.errors import UnknownAlertError


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about.

    Attributes:
        case_nos: all its cases; those of all its events, where it is a digest.
        event: of the history; `digest` where it tells of several.
        acknowledged_by: None as long as one of its events is not acknowledged.
    """

    case_nos: tuple[str, ...]
    event: str
    acknowledged_by: str | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What somebody has acknowledged.

    Attributes:
        by, at: who did first, and when; a second answer changes nothing.
    """

    case_nos: tuple[str, ...]
    event: str
    by: str
    at: datetime


def subject_of(session: Session, word: str) -> Subject:
    """Look an alert up by its word.

    Raises:
        UnknownAlertError: no alert has the word.
    """
    alert = _alert(session, word)
    notices = _notices(session, alert)
    open_ones = [notice for notice in notices if notice.acknowledged_by is None]
    by = None if open_ones else notices[0].acknowledged_by
    return Subject(_cases(session, notices), _event(alert, notices[0]), by)


def acknowledge(session: Session, word: str, now: datetime) -> Acknowledged:
    """Note that whoever got an alert has seen it: no event of it is escalated then.

    Raises:
        UnknownAlertError: no alert has the word.
    """
    alert = _alert(session, word)
    notices = _notices(session, alert)
    for notice in notices:
        if notice.acknowledged_at is None:
            notice.acknowledged_at, notice.acknowledged_by = now, alert.person_id or "page"
    by, at = notices[0].acknowledged_by, notices[0].acknowledged_at
    assert by is not None, "set with the time"
    assert at is not None, "set above"
    return Acknowledged(_cases(session, notices), _event(alert, notices[0]), by, at)


def _alert(session: Session, word: str) -> AlertRow:
    alert = session.scalar(select(AlertRow).where(AlertRow.token == word))
    if alert is None:
        raise UnknownAlertError
    return alert


def _notices(session: Session, alert: AlertRow) -> list[NoticeRow]:
    ids = dict.fromkeys(row.notice_id for row in gathered_in(session, alert))
    return [session.get_one(NoticeRow, notice_id) for notice_id in ids]


def _cases(session: Session, notices: list[NoticeRow]) -> tuple[str, ...]:
    """Cases of notices, those that began them first."""
    ids = [notice.notice_id for notice in notices]
    members = select(NoticeCaseRow.case_no).where(NoticeCaseRow.notice_id.in_(ids))
    others = session.scalars(members.order_by(NoticeCaseRow.case_no))
    return tuple(dict.fromkeys([*(notice.case_no for notice in notices), *others]))


def _event(alert: AlertRow, first: NoticeRow) -> str:
    return DIGEST if alert.told_as == DIGEST else first.event

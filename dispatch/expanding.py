"""EDGE: turn the history's new entries into alerts, inside one transaction.

The history itself is the outbox: whatever changes a case appends to it in the same transaction, so
no event can be lost between a case and its alert, whoever wrote it. Reading on from the last entry
that was turned into alerts, and writing these together with the new place, is one transaction, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from cases.histories import histories
from cases.model import Case, Event
from cases.reading import read_cases
from cases.rows import event_from_row
from cases.tables import EventRow
from dispatch.alert_tables import BEGUN, AlertProgressRow, AlertRow, NoticeCaseRow, NoticeRow
from dispatch.alerts import Draft, State, alert_key
from dispatch.assigning import owner_of
from dispatch.digests import DIGEST, cancel_digests
from dispatch.drafting import first_drafts
from dispatch.policies import AlertSettings, Channel, Policy, ends
from dispatch.routing import RoutingTable
from dispatch.timetable import Timetable

AT_ONCE = 500
"""Entries of the history that are turned into alerts in one transaction."""

_UNSETTLED = (State.WAITING.value, State.HELD.value, State.DIGEST.value)
_NOT_TOLD = tuple(
    state.value for state in (State.DIGEST, State.MERGED, State.DEAD, State.CANCELLED)
)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """What alerts go by.

    Attributes:
        new_token: makes a word that nobody can guess, for the links that acknowledge.
        timetable: tells until when a case has to be handled.
    """

    settings: AlertSettings
    table: RoutingTable
    new_token: Callable[[], str]
    timetable: Timetable


def expand(session: Session, rules: Rules, now: datetime) -> int:
    """Turn the next entries of the history into alerts; tells how many entries were read."""
    progress = session.get_one(AlertProgressRow, 1)
    query = select(EventRow).where(EventRow.seq > progress.seq).order_by(EventRow.seq)
    events = [event_from_row(row) for row in session.scalars(query.limit(AT_ONCE))]
    if not events:
        return 0
    wanted = [event for event in events if _matters(rules.settings, event)]
    numbers = list(dict.fromkeys(str(event.case_no) for event in wanted))
    cases = read_cases(session, numbers)
    told = histories(session, numbers)
    limited = any(policy.most_per_hour for policy in rules.settings.policies)
    recent = recent_by_person(session, now) if limited else {}
    for event in wanted:
        case = cases[str(event.case_no)]
        if ends(event.action):
            _end(session, case.case_no, now)
        before = [entry for entry in told[case.case_no] if entry.seq <= event.seq]
        if any(ends(entry.action) for entry in told[case.case_no][len(before) :]):
            continue  # that is past: it would be cancelled at once
        for person_id in _tell(session, rules, event, case, before, recent, now):
            recent[person_id] = recent.get(person_id, 0) + 1
    progress.seq = events[-1].seq
    return len(events)


def pass_over(session: Session, before: datetime) -> int:
    """Leave out what is older, at the first start alone, which is noted even if nothing is.

    Tells how many entries of cases that were: those before the first that is not older.
    """
    progress = session.get_one(AlertProgressRow, 1)
    if progress.seq:
        return 0
    first = session.scalar(select(func.min(EventRow.seq)).where(EventRow.at >= before))
    last = session.scalar(select(func.max(EventRow.seq))) or 0
    progress.seq = (last if first is None else first - 1) or BEGUN
    old = select(func.count()).where(EventRow.seq <= progress.seq, EventRow.case_no.is_not(None))
    return int(session.scalar(old) or 0)


def _matters(settings: AlertSettings, event: Event) -> bool:
    asked = {name for policy in settings.policies for name in policy.events}
    return event.case_no is not None and (event.action in asked or ends(event.action))


def _tell(
    session: Session,
    rules: Rules,
    event: Event,
    case: Case,
    before: Sequence[Event],
    recent: Mapping[str, int],
    now: datetime,
) -> set[str]:
    """Make a notice of an event and its alerts; gives the people who are told at once or soon."""
    policy = rules.settings.policy(case.category, event.action, now)
    if policy is None or _joined(session, policy, event, case, now):
        return set()
    notice = NoticeRow(
        key=event.hash,
        event=event.action,
        seq=event.seq,
        category=case.category,
        cell_code=case.place.cell_code,
        case_no=case.case_no,
        created_at=now,
        level=0,
        escalate_at=None,
    )
    session.add(notice)
    session.flush()
    session.add(NoticeCaseRow(notice_id=notice.notice_id, case_no=case.case_no))
    route = rules.table.route(case.place, case.category)
    drafts = first_drafts(
        rules.settings,
        policy,
        rules.table,
        route,
        owner_of(case, before, rules.table),
        now=now,
        recent=recent,
    )
    add_alerts(session, rules, notice, case.urgency, drafts, now)
    if not can_tell(drafts):
        notice.escalate_at = clock_end(policy, now)
    later = (State.DIGEST, State.DEAD)
    return {draft.person_id for draft in drafts if draft.person_id and draft.state not in later}


def _joined(session: Session, policy: Policy, event: Event, case: Case, now: datetime) -> bool:
    """Count a case to the notice of the same event, if there is one that is not too old."""
    if not policy.merge_min or not case.place.cell_code:
        return False
    query = select(NoticeRow.notice_id).where(
        NoticeRow.event == event.action,
        NoticeRow.category == case.category,
        NoticeRow.cell_code == case.place.cell_code,
        NoticeRow.created_at > now - timedelta(minutes=policy.merge_min),
        NoticeRow.ended_at.is_(None),
    )
    notice_id = session.scalar(query.order_by(NoticeRow.notice_id.desc()).limit(1))
    if notice_id is None:
        return False
    if session.get(NoticeCaseRow, (notice_id, case.case_no)) is None:
        session.add(NoticeCaseRow(notice_id=notice_id, case_no=case.case_no))
        session.flush()
    return True


def can_tell(drafts: Sequence[Draft]) -> bool:
    """Whether there is anybody among them whose answer can be waited for."""
    return any(draft.person_id and draft.state is not State.DEAD for draft in drafts)


def clock_end(policy: Policy, begins_at: datetime) -> datetime | None:
    """When the next level is told, if nobody has acknowledged; None where none is."""
    within_min = policy.acknowledge_within_min
    return None if within_min is None else begins_at + timedelta(minutes=within_min)


def recent_by_person(session: Session, now: datetime) -> dict[str, int]:
    """How many events each person was told of in the last hour; not those of digests."""
    query = (
        select(AlertRow.person_id, func.count(AlertRow.notice_id.distinct()))
        .where(AlertRow.created_at > now - _HOUR, AlertRow.person_id != "")
        .where(AlertRow.state.not_in(_NOT_TOLD))
        .group_by(AlertRow.person_id)
    )
    return {person_id: int(count) for person_id, count in session.execute(query)}


def add_alerts(
    session: Session,
    rules: Rules,
    notice: NoticeRow,
    urgency: int,
    drafts: Sequence[Draft],
    now: datetime,
) -> list[str]:
    """Write alerts of a notice and give their keys; one that is there already is left as it is."""
    rows = []
    for draft in drafts:
        settled = draft.state is State.DEAD or draft.channel is Channel.PAGE
        state = State.DELIVERED if draft.channel is Channel.PAGE else draft.state
        lane = f"{notice.case_no}|{draft.person_id}|{draft.channel.value}"
        rows.append(
            {
                "key": alert_key(notice.key, notice.level, draft.person_id, draft.channel.value),
                "token": rules.new_token(),
                "notice_id": notice.notice_id,
                "lane": lane,
                "person_id": draft.person_id,
                "channel": draft.channel.value,
                "told_as": draft.told_as,
                "urgency": urgency,
                "state": state.value,
                "ready_at": draft.ready_at,
                "attempts": 0,
                "body": None,
                "receipt": "",
                "error": draft.error,
                "created_at": now,
                "settled_at": now if settled else None,
            }
        )
    keys = [row["key"] for row in rows]
    there = set(session.scalars(select(AlertRow.key).where(AlertRow.key.in_(keys))))
    fresh = [row for row in rows if row["key"] not in there]
    if fresh:
        session.execute(insert(AlertRow), fresh)
    return [str(row["key"]) for row in fresh]


def _end(session: Session, case_no: str, now: datetime) -> None:
    """Stop telling of a case: nothing is escalated, what was not sent yet is cancelled."""
    of_case = select(NoticeCaseRow.notice_id).where(NoticeCaseRow.case_no == case_no)
    session.execute(
        update(NoticeCaseRow)
        .where(NoticeCaseRow.case_no == case_no, NoticeCaseRow.ended_at.is_(None))
        .values(ended_at=now)
    )
    open_ones = select(NoticeCaseRow.notice_id).where(NoticeCaseRow.ended_at.is_(None))
    over = (
        select(NoticeRow.notice_id)
        .where(NoticeRow.notice_id.in_(of_case), NoticeRow.ended_at.is_(None))
        .where(NoticeRow.notice_id.not_in(open_ones))
    )
    ended = list(session.scalars(over))
    session.execute(update(NoticeRow).where(NoticeRow.notice_id.in_(ended)).values(ended_at=now))
    session.execute(
        update(AlertRow)
        .where(AlertRow.notice_id.in_(ended), AlertRow.state.in_(_UNSETTLED))
        .where(AlertRow.told_as != DIGEST)
        .values(state=State.CANCELLED.value, settled_at=now)
    )
    cancel_digests(session, _UNSETTLED, now)

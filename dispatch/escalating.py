"""EDGE: tell the next level of the territory where nobody has acknowledged in time.

The clock begins when people were told: with the first attempt to hand an alert of the event over to
anybody, whether it was taken or not, since a person whom nothing reaches is not waited for. What is
held for quiet hours or a digest has not been told yet.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Case
from cases.reading import read_cases
from dispatch.alert_tables import AlertRow, NoticeRow
from dispatch.alerts import State, alert_key
from dispatch.digests import by_person, gather, gathered_in
from dispatch.drafting import level_drafts
from dispatch.expanding import AT_ONCE, Rules, add_alerts, can_tell, clock_end, recent_by_person
from dispatch.policies import Policy


def begin_clocks(session: Session, rules: Rules, row: AlertRow, now: datetime) -> None:
    """Note that an alert, and what came in it, was handed over or could not be."""
    for part in gathered_in(session, row):
        if part.state == State.MERGED.value and row.state == State.DELIVERED.value:
            part.settled_at = now
        notice = session.get_one(NoticeRow, part.notice_id)
        policy = rules.settings.policy(notice.category, notice.event, notice.created_at)
        if policy is not None and _waits_for(notice, part, policy):
            notice.escalate_at = clock_end(policy, now)


def _waits_for(notice: NoticeRow, row: AlertRow, policy: Policy) -> bool:
    """Whether the answer to an alert decides when the next level is told."""
    is_open = notice.acknowledged_at is None and notice.ended_at is None
    is_last = notice.level >= len(policy.escalate_to)
    if not is_open or is_last or notice.escalate_at is not None or not row.person_id:
        return False
    return row.key == alert_key(notice.key, notice.level, row.person_id, row.channel)


def escalate(session: Session, rules: Rules, now: datetime) -> int:
    """Tell the next level where nobody has acknowledged in time; how many notices that were.

    What one person is told at one moment by one policy comes in one message, and counts once among
    those of the hour.
    """
    query = select(NoticeRow).where(
        NoticeRow.escalate_at <= now,
        NoticeRow.acknowledged_at.is_(None),
        NoticeRow.ended_at.is_(None),
    )
    notices = list(session.scalars(query.order_by(NoticeRow.notice_id).limit(AT_ONCE)))
    cases = read_cases(session, [notice.case_no for notice in notices])
    by_policy: dict[int, list[NoticeRow]] = {}
    for notice in notices:
        notice.escalate_at = None
        policy = rules.settings.policy(notice.category, notice.event, notice.created_at)
        if policy is not None:
            place = rules.settings.policies.index(policy)
            by_policy.setdefault(place, []).append(notice)
    for place, group in by_policy.items():
        _escalate_all(session, rules, rules.settings.policies[place], group, cases, now)
    return len(notices)


def _escalate_all(
    session: Session,
    rules: Rules,
    policy: Policy,
    notices: Sequence[NoticeRow],
    cases: dict[str, Case],
    now: datetime,
) -> None:
    recent = recent_by_person(session, now) if policy.most_per_hour else {}
    keys: list[str] = []
    for notice in notices:
        keys += _escalate(session, rules, notice, cases[notice.case_no], policy, recent, now)
    made = select(AlertRow).where(AlertRow.key.in_(keys), AlertRow.state == State.WAITING.value)
    for rows in by_person(list(session.scalars(made.order_by(AlertRow.alert_id)))):
        if len(rows) > 1:
            gather(rows, now)
    session.flush()


def _escalate(
    session: Session,
    rules: Rules,
    notice: NoticeRow,
    case: Case,
    policy: Policy,
    recent: dict[str, int],
    now: datetime,
) -> list[str]:
    """Tell the next level that has a post and give the keys; one without a post loses no time."""
    for level in policy.escalate_to[notice.level :]:
        notice.level += 1
        drafts = level_drafts(
            rules.settings, policy, rules.table, case.place, level, now=now, recent=recent
        )
        keys = add_alerts(session, rules, notice, case.urgency, drafts, now)
        if drafts:
            is_last = notice.level == len(policy.escalate_to)
            if not is_last and not can_tell(drafts):
                notice.escalate_at = clock_end(policy, now)
            return keys
    return []

"""What an alert says, in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.categories import Category, TimeLimit, Words
from cases.lifecycle import Action
from cases.model import Case, Place
from cases.outcomes import VERIFIED
from dispatch.clock import local_time, stamp
from dispatch.deadlines import Deadline, Standing
from dispatch.policies import FILED, OVERDUE

_MOST_LINES = 20
"""Events that a digest tells one by one; what more there are, its link shows."""

_EVENTS = {
    FILED: Words("found", "发现"),
    Action.CONFIRM: Words("established", "已立案"),
    Action.ASSIGN: Words("assigned to you", "已派遣，请处理"),
    Action.RETURN: Words("was returned", "已退回"),
    Action.REWORK: Words("has to be reworked", "核查未通过，请返工"),
    Action.SUPERVISE: Words("is supervised", "督办"),
    Action.REOPEN: Words("was opened again", "重新立案"),
    Action.FEED_BACK: Words("was fed back", "已反馈"),
    Action.SUSPEND: Words("is suspended", "挂账"),
    Action.RESUME: Words("goes on", "恢复处理"),
    Action.CLOSE: Words("is closed", "已结案"),
    OVERDUE: Words("is overdue", "已超期"),
    "digest": Words("several events", "多条预警"),
    VERIFIED: Words("was looked at from the air", "已空中复核"),
}


def event_words(event: str) -> Words:
    """Say what has happened to a case."""
    return _EVENTS.get(event, Words(event, event))


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who was told and has not answered."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """What there is to say of one event.

    Attributes:
        cases: of the event, the one that began it first.
        seq: number of its entry in the history.
        is_theirs: whether whoever is told is of those who have to handle the case.
        deadline: until when the cases have to be handled, if anything is known of that.
        unanswered: whom this level is told instead of; None where nobody was told before.
    """

    cases: tuple[Case, ...]
    category: Category | None
    event: str
    seq: int
    is_theirs: bool
    deadline: Words | None = None
    unanswered: Words | None = None

    @property
    def name(self) -> Words:
        """Of the category."""
        code = self.cases[0].category
        return self.category.name if self.category else Words(code, code)

    @property
    def happened(self) -> Words:
        """What has happened, as whoever is told has to read it."""
        if self.event == Action.ASSIGN and not self.is_theirs:
            return Words("was assigned", "已派遣")
        return event_words(self.event)


def alert_body(telling: Telling, link: str) -> dict[str, Any]:
    """Say what happened where."""
    case = telling.cases[0]
    text = _text(telling)
    return {
        "case_no": case.case_no,
        "cases": [entry.case_no for entry in telling.cases],
        "event": telling.event,
        "sequence": telling.seq,
        "category": case.category,
        "category_en": telling.name.en,
        "category_zh": telling.name.zh,
        "cell": case.place.cell_code,
        "place": place_words(case.place),
        "lon_deg": round(case.lon_deg, 7),
        "lat_deg": round(case.lat_deg, 7),
        "link": link,
        **_linked(text, link),
    }


def _linked(text: Words, link: str) -> dict[str, str]:
    return {
        "text_en": text.en + (f" Acknowledge: {link}" if link else ""),
        "text_zh": text.zh + (f"确认收到：{link}" if link else ""),
    }


def _text(telling: Telling) -> Words:
    case, more = telling.cases[0], len(telling.cases) - 1
    name, happened = telling.name, telling.happened
    where = f"{place_words(case.place)}, {case.lon_deg:.6f},{case.lat_deg:.6f}"
    until, left = telling.deadline, telling.unanswered
    return Words(
        (f"Not acknowledged, so you are told: {left.en}. " if left else "")
        + f"{name.en} {happened.en}: {case.case_no}{f' and {more} more' if more else ''}, {where}."
        + (f" {until.en}." if until else ""),
        (f"无人确认，现上报：{left.zh}。" if left else "")
        + f"{name.zh}{happened.zh}：{case.case_no}{f'等{more + 1}处' if more else ''}，{where}。"
        + (f"{until.zh}。" if until else ""),
    )


def unanswered_words(told: Sequence[Told], now: datetime, utc_offset_hours: float) -> Words:
    """Say who was told when and has not acknowledged."""
    if not told:
        return Words("nobody could be reached before", "此前无法通知任何人")
    times = [_clock(entry.at, now, utc_offset_hours) for entry in told]
    en = " and ".join(f"{entry.name} (told at {at})" for entry, at in zip(told, times, strict=True))
    zh = "、".join(f"{entry.name}（{at}已通知）" for entry, at in zip(told, times, strict=True))
    return Words(f"{en} did not acknowledge", f"{zh}未确认")


def _clock(at: datetime, now: datetime, utc_offset_hours: float) -> str:
    local, today = (local_time(moment, utc_offset_hours) for moment in (at, now))
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def deadline_words(deadline: Deadline, limit: TimeLimit, utc_offset_hours: float) -> Words | None:
    """Say until when, or since when not; the limit itself where its clock has not begun."""
    if deadline.standing is Standing.UNSTARTED:
        return limit_words(limit)
    if deadline.due_at is None or deadline.standing not in (Standing.RUNNING, Standing.OVERDUE):
        return None
    at = stamp(deadline.due_at, utc_offset_hours)
    if deadline.standing is Standing.OVERDUE:
        return Words(f"Overdue since {at}", f"已于{at}超期")
    return Words(f"Due {at}", f"办理期限至{at}")


def limit_words(limit: TimeLimit) -> Words:
    """Say how long the handling may take from when a case is established."""
    return Words(
        f"To be handled within {limit.words.en} once established",
        f"立案后办理时限{limit.words.zh}",
    )


def place_words(place: Place) -> str:
    """Name a place by town, village and cell."""
    parts = (place.town, place.village, place.cell_code)
    return " ".join(part for part in parts if part) or "?"


def digest_body(tellings: Sequence[Telling], link: str) -> dict[str, Any]:
    """Say in one message what came in many: how many of each kind, and what of each."""
    kinds: dict[Words, set[str]] = {}
    for telling in tellings:
        kind = Words(
            f"{telling.name.en} {telling.happened.en}", f"{telling.name.zh}{telling.happened.zh}"
        )
        kinds.setdefault(kind, set()).update(case.case_no for case in telling.cases)
    cases = list(dict.fromkeys(case.case_no for telling in tellings for case in telling.cases))
    en = "; ".join(f"{kind.en} {len(numbers)}" for kind, numbers in kinds.items())
    zh = "；".join(f"{kind.zh}{len(numbers)}" for kind, numbers in kinds.items())
    lines = [_line(telling) for telling in tellings[:_MOST_LINES]]
    rest = len(tellings) - len(lines)
    text = Words(
        f"{len(cases)} cases: {en}. {' '.join(line.en for line in lines)}"
        + (f" And {rest} more." if rest else ""),
        f"案件{len(cases)}起：{zh}。{''.join(line.zh for line in lines)}"
        + (f"另有{rest}条。" if rest else ""),
    )
    first = alert_body(tellings[0], "")
    return {**first, "event": "digest", "cases": cases, "link": link, **_linked(text, link)}


def _line(telling: Telling) -> Words:
    numbers, place = [case.case_no for case in telling.cases], place_words(telling.cases[0].place)
    until, left = telling.deadline, telling.unanswered
    more_en = [until.en[:1].lower() + until.en[1:]] if until else []
    more_zh = [until.zh] if until else []
    if left:
        more_en.append(left.en)
        more_zh.append(left.zh)
    return Words(
        "; ".join([f"{', '.join(numbers)} {place}", *more_en]) + ".",
        "，".join([f"{'、'.join(numbers)} {place}", *more_zh]) + "。",
    )

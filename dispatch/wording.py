"""What an alert says, in English and Chinese."""

from collections.abc import Mapping, Sequence
from typing import Any

from cases.categories import Category, Words
from cases.lifecycle import Action
from cases.model import Case, Place
from cases.outcomes import VERIFIED
from dispatch.policies import FILED, OVERDUE

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
    VERIFIED: Words("was looked at from the air", "已空中复核"),
}


def event_words(event: str) -> Words:
    """Say what has happened to a case."""
    return _EVENTS.get(event, Words(event, event))


def alert_body(
    cases: Sequence[Case], category: Category | None, *, event: str, seq: int, link: str
) -> dict[str, Any]:
    """Say what happened where; `cases` are those of one event, the one that began it first."""
    case = cases[0]
    name = category.name if category else Words(case.category, case.category)
    facts = {
        "case_no": case.case_no,
        "cases": [entry.case_no for entry in cases],
        "event": event,
        "sequence": seq,
        "category": case.category,
        "category_en": name.en,
        "category_zh": name.zh,
        "cell": case.place.cell_code,
        "place": place_words(case.place),
        "lon_deg": round(case.lon_deg, 7),
        "lat_deg": round(case.lat_deg, 7),
        "link": link,
    }
    text = _text(cases, category, name, event)
    return {
        **facts,
        "text_en": text.en + (f" Acknowledge: {link}" if link else ""),
        "text_zh": text.zh + (f"确认收到：{link}" if link else ""),
    }


def _text(cases: Sequence[Case], category: Category | None, name: Words, event: str) -> Words:
    case, more = cases[0], len(cases) - 1
    words = event_words(event)
    where = f"{place_words(case.place)}, {case.lon_deg:.6f},{case.lat_deg:.6f}"
    within = category.limit.words if category else None
    return Words(
        f"{name.en} {words.en}: {case.case_no}{f' and {more} more' if more else ''}, {where}."
        + (f" Within {within.en}." if within else ""),
        f"{name.zh}{words.zh}：{case.case_no}{f'等{more + 1}处' if more else ''}，{where}。"
        + (f"办理时限{within.zh}。" if within else ""),
    )


def place_words(place: Place) -> str:
    """Name a place by town, village and cell."""
    parts = (place.town, place.village, place.cell_code)
    return " ".join(part for part in parts if part) or "?"


def digest_body(bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say in one message what came in many: how many of each category, and their cases."""
    counts: dict[str, list[str]] = {}
    zh = {str(body["category_en"]): str(body["category_zh"]) for body in bodies}
    for body in bodies:
        counts.setdefault(str(body["category_en"]), []).extend(body["cases"])
    en = "; ".join(f"{name} {len(set(cases))}" for name, cases in counts.items())
    said = "；".join(f"{zh[name]}{len(set(cases))}" for name, cases in counts.items())
    cases = sorted({case_no for numbers in counts.values() for case_no in numbers})
    return {
        **bodies[0],
        "event": "digest",
        "cases": cases,
        "link": "",
        "text_en": f"{len(cases)} cases: {en}. {', '.join(cases)}",
        "text_zh": f"案件{len(cases)}起：{said}。{'、'.join(cases)}",
    }

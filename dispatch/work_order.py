"""What does the work order of a case say, in English and Chinese?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np

from cases.categories import Category, Words
from cases.lifecycle import Action
from cases.model import Case, Event
from cases.outcomes import VERIFIED, finding_of, last_finding
from cases.wording import action_words, class_words, finding_words, stage_words, verified_words
from dispatch.clock import stamp
from dispatch.deadlines import Deadline, Standing
from geo.gcj02 import gcj02_from_wgs84

_URGENCY = {1: Words("at once", "立即")}
_MOST_EVENTS = 8  # so that an order stays on one page
_EVENTS = {
    "file": Words("reported", "上报"),
    "same": Words("seen again", "再次发现"),
    "gone": Words("not seen any more", "复查未见"),
    "missed": Words("covered, not seen", "覆盖未见"),
    "overdue": Words("deadline passed", "已超期"),
}


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """A case and what is known of its handling.

    Attributes:
        department: that handles it, as people say it.
        events: its history, oldest first.
    """

    case: Case
    category: Category
    department: Words
    deadline: Deadline
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A named value of a work order."""

    name: Words
    value: Words


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A work order, laid out.

    Attributes:
        geo_uri: of the place (RFC 5870, WGS 84), for any phone's map.
        map_link: of the place in Amap, whose maps are in GCJ-02.
        history: moment, what was done, by whom and why.
    """

    case_no: str
    title: Words
    lines: tuple[Line, ...]
    geo_uri: str
    map_link: str
    history: tuple[tuple[str, Words, str], ...]


def order_page(facts: OrderFacts, utc_offset_hours: float) -> OrderPage:
    """Lay a work order out; times are those of the district's clocks."""
    case = facts.case
    wgs84 = (case.lon_deg, case.lat_deg)
    east_deg, north_deg = gcj02_from_wgs84(np.array([wgs84]))[0]
    gcj02 = (float(east_deg), float(north_deg))
    return OrderPage(
        case.case_no,
        facts.category.name,
        (
            Line(Words("handled by", "责任部门"), facts.department),
            Line(Words("due", "办理期限"), due_words(facts.deadline, utc_offset_hours)),
            Line(Words("time limit", "时限"), facts.category.limit.words),
            Line(Words("urgency", "紧急程度"), _urgency(case.urgency)),
            Line(Words("stage", "阶段"), stage_words(case.stage)),
            *_found_lines(facts.events),
            *_place_lines(case),
            Line(Words("lon, lat, WGS 84", "经纬度 WGS 84"), _position(wgs84, case.sigma_m)),
            Line(Words("lon, lat, GCJ-02", "经纬度 GCJ-02"), _position(gcj02, case.sigma_m)),
            Line(Words("what was seen", "发现内容"), _seen(case)),
            Line(Words("done when", "结案标准"), facts.category.closed_when),
        ),
        geo_uri=f"geo:{case.lat_deg:.6f},{case.lon_deg:.6f};u={max(case.sigma_m, 1.0):.0f}",
        map_link=amap_link(gcj02, case.case_no),
        history=_history(facts.events, utc_offset_hours),
    )


def amap_link(gcj02_lonlat_deg: tuple[float, float], name: str) -> str:
    """Link that opens a place in Amap, from where it navigates (Amap URI API, marker)."""
    lon_deg, lat_deg = gcj02_lonlat_deg
    return (
        f"https://uri.amap.com/marker?position={lon_deg:.6f},{lat_deg:.6f}&name={quote(name)}"
        "&coordinate=gaode&callnative=1"
    )


def due_words(deadline: Deadline, utc_offset_hours: float) -> Words:
    """Say until when a case has to be handled, and whether that has passed."""
    if deadline.due_at is None:
        if deadline.standing is Standing.SUSPENDED:
            return Words("suspended: the clock stands", "挂账，时限暂停")
        return Words("not established yet", "尚未立案")
    at = stamp(deadline.due_at, utc_offset_hours)
    words = Words(at, at)
    if deadline.is_provisional:
        words = Words(f"{words.en}, provisional", f"{words.zh}（暂定）")
    if deadline.standing is Standing.OVERDUE:
        words = Words(f"{words.en} - OVERDUE", f"{words.zh}，已超期")
    return words


def _urgency(urgency: int) -> Words:
    return _URGENCY.get(urgency, Words(f"level {urgency}", f"{urgency}级"))


def _found_lines(events: Sequence[Event]) -> tuple[Line, ...]:
    """What a patrol found after the last feedback, where one has looked."""
    finding = last_finding(events)
    if finding is None:
        return ()
    return (Line(Words("from the air", "空中复核"), finding_words(finding)),)


def _place_lines(case: Case) -> tuple[Line, ...]:
    place = case.place
    cell = f"{place.cell_code} {place.cell_name}".strip()
    village = f"{place.town} {place.village}".strip()
    named = (
        (Words("grid cell", "网格"), cell),
        (Words("town, village", "镇街、村居"), village),
        (Words("grid officer", "网格员"), place.officer),
    )
    return tuple(Line(name, Words(value, value)) for name, value in named if value)


def _position(lonlat_deg: tuple[float, float], sigma_m: float) -> Words:
    lon_deg, lat_deg = lonlat_deg
    text = f"{lon_deg:.6f}, {lat_deg:.6f} (± {sigma_m:.1f} m)"
    return Words(text, text)


def _seen(case: Case) -> Words:
    name = class_words(case.class_name)
    area = f"{case.area_m2:.0f} m²"
    return Words(f"{name.en}, {area}", f"{name.zh}，{area}")


def _history(
    events: Sequence[Event], utc_offset_hours: float
) -> tuple[tuple[str, Words, str], ...]:
    """Entries of a case's history, the last ones where there are many."""
    return tuple(
        (stamp(event.at, utc_offset_hours), _done(event), _by_whom(event.actor, event.details))
        for event in events[-_MOST_EVENTS:]
    )


def _done(event: Event) -> Words:
    if event.action == VERIFIED:
        return verified_words(finding_of(event.details))
    if event.action in tuple(Action):
        return action_words(Action(event.action))
    return _EVENTS.get(event.action, Words(event.action, event.action))


def _by_whom(actor: str, details: Mapping[str, Any]) -> str:
    """Who did it, to whom a case was assigned and why, as far as the history tells."""
    told = (details.get("assigned_to"), details.get("reason"))
    return " · ".join(str(part) for part in (actor, *told) if part)

"""During which spans of a day may a crew work, and during which of them fly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from missions.daylight import Span, daylight
from missions.errors import MissionError
from missions.fleet import Hours


@dataclass(frozen=True, slots=True)
class Weather:
    """A forecast or a ban for a span of time.

    Attributes:
        closed: not flown whatever the figures are.
        reason: of the ban, for the report.
    """

    start: datetime
    end: datetime
    wind_m_s: float = 0.0
    rain_mm_h: float = 0.0
    closed: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse a span that ends before it starts or does not say its time zone."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise MissionError(f"the weather window from {self.start} to {self.end} has no zone")
        if not self.start < self.end:
            raise MissionError(f"the weather window from {self.start} ends at {self.end}")

    def forbids(self, hours: Hours) -> bool:
        """Whether nothing may fly in this span."""
        windy = self.wind_m_s > hours.most_wind_m_s
        return self.closed or windy or self.rain_mm_h > hours.most_rain_mm_h


@dataclass(frozen=True, slots=True)
class Day:
    """One day at one depot, UTC.

    Attributes:
        work: from leaving the depot to being back.
        open: spans in which aircraft may be in the air, in order; empty if there are none.
        why_closed: what closes a day without open spans, and cuts the others.
    """

    date: date
    work: Span
    open: tuple[Span, ...]
    why_closed: str = ""

    @property
    def open_s(self) -> float:
        """Seconds in which aircraft may be in the air."""
        return sum((end - start).total_seconds() for start, end in self.open)


def zone_of(hours: Hours) -> ZoneInfo:
    """Time zone of a district; MissionError where its name is not known."""
    try:
        return ZoneInfo(hours.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MissionError(
            f'timezone {hours.timezone!r} is not known; give an IANA name like "Asia/Shanghai"'
        ) from error


def days_at(
    first: date,
    count: int,
    hours: Hours,
    weather: Sequence[Weather] = (),
    *,
    lon_deg: float,
    lat_deg: float,
) -> tuple[Day, ...]:
    """Working and flying spans of consecutive days at a place."""
    if count < 1:
        raise MissionError(f"days is {count}; plan for 1 day or more")
    return tuple(
        _day(first + timedelta(days=n), hours, weather, lon_deg, lat_deg) for n in range(count)
    )


def _day(
    day: date, hours: Hours, weather: Sequence[Weather], lon_deg: float, lat_deg: float
) -> Day:
    zone = zone_of(hours)
    start = datetime.combine(day, hours.work_from, zone).astimezone(UTC)
    end = datetime.combine(day, hours.work_to, zone).astimezone(UTC)
    sun = daylight(day, lon_deg, lat_deg)
    if sun is None:
        return Day(day, (start, end), (), "the sun does not rise")
    margin = timedelta(seconds=hours.sun_margin_s)
    light = (max(start, sun[0] + margin), min(end, sun[1] - margin))
    if light[0] >= light[1]:
        return Day(day, (start, end), (), "no daylight in working hours")
    bans = [w for w in weather if w.forbids(hours) and w.start < light[1] and w.end > light[0]]
    spans = without([light], [(ban.start, ban.end) for ban in bans])
    return Day(day, (start, end), tuple(spans), "; ".join(sorted({_why(b, hours) for b in bans})))


def _why(ban: Weather, hours: Hours) -> str:
    if ban.reason:
        return ban.reason
    if ban.wind_m_s > hours.most_wind_m_s:
        return f"wind of {ban.wind_m_s:g} m/s (at most {hours.most_wind_m_s:g})"
    if ban.rain_mm_h > hours.most_rain_mm_h:
        return f"rain of {ban.rain_mm_h:g} mm/h (at most {hours.most_rain_mm_h:g})"
    return "closed"


def without(spans: Iterable[Span], bans: Iterable[Span]) -> list[Span]:
    """Spans less the times of the bans, in order."""
    left = sorted(spans)
    for from_, to in bans:
        pieces = [((s, min(e, from_)), (max(s, to), e)) for s, e in left]
        left = [piece for pair in pieces for piece in pair if piece[0] < piece[1]]
    return sorted(left)


def first_fit(spans: Iterable[Span], ready: datetime, seconds: float) -> datetime | None:
    """Earliest start from `ready` on at which something of a length fits into one span."""
    length = timedelta(seconds=seconds)
    for start, end in spans:
        earliest = max(start, ready)
        if earliest + length <= end:
            return earliest
    return None

"""What does the clock on the wall of the district say?"""

from datetime import datetime, timedelta, timezone

from cases.categories import Words


def local_time(at: datetime, utc_offset_hours: float) -> datetime:
    """Turn a time that knows its zone into the district's."""
    return at.astimezone(timezone(timedelta(hours=utc_offset_hours)))


def zone_name(utc_offset_hours: float) -> str:
    """Name a zone by its distance from UTC: UTC+8, UTC-3:30, UTC."""
    minutes = round(abs(utc_offset_hours) * 60)
    if minutes == 0:
        return "UTC"
    sign = "+" if utc_offset_hours > 0 else "-"
    hours, rest = divmod(minutes, 60)
    return f"UTC{sign}{hours}:{rest:02d}" if rest else f"UTC{sign}{hours}"


def stamp(at: datetime, utc_offset_hours: float) -> str:
    """Write day, time and zone, to the minute."""
    return f"{local_time(at, utc_offset_hours):%Y-%m-%d %H:%M} {zone_name(utc_offset_hours)}"


def span_words(first: datetime, last: datetime, utc_offset_hours: float) -> Words:
    """Write from when to when something lasted, the day once where it is one day."""
    start, end = (local_time(at, utc_offset_hours) for at in (first, last))
    zone = zone_name(utc_offset_hours)
    same_day = start.date() == end.date()
    if start.replace(second=0, microsecond=0) == end.replace(second=0, microsecond=0):
        en_end = zh_end = ""
    else:
        en_end = f" to {end:%H:%M}" if same_day else f" to {_day_en(end)}, {end:%H:%M}"
        zh_end = f"至{end:%H:%M}" if same_day else f"至{_day_zh(end)} {end:%H:%M}"
    return Words(
        f"{_day_en(start)}, {start:%H:%M}{en_end} ({zone})",
        f"{_day_zh(start)} {start:%H:%M}{zh_end}（{zone}）",
    )


def _day_en(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _day_zh(at: datetime) -> str:
    return f"{at.year}年{at.month}月{at.day}日"


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

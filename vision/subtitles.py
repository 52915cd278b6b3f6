"""EDGE: where a video was taken from, as DJI drones write it into subtitle files (.SRT).

Nine kinds of nine models are known from the test data. In the older ones `GPS(a,b,c)` holds
longitude before latitude on all models but the Matrice 300, which writes latitude first; the newer
ones name each.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from geo.pose import Attitude
from vision.errors import VisionError

_TIMING = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{3})\s*-->")
_CLOCK = re.compile(r"(\d{4})[-.](\d{1,2})[-.](\d{1,2}) (\d\d):(\d\d):(\d\d)(?:[.,](\d{3}))?")
_NAMED = {
    "latitude": re.compile(r"\[latitude\s*:\s*([-+\d.]+)\]"),
    "longitude": re.compile(r"\[longt?itude\s*:\s*([-+\d.]+)\]"),
}
_RELATIVE = re.compile(r"rel_alt:\s*([-+\d.]+)|\b(?:BAROMETER|Hb|H)[: ]\s*([-+\d.]+)")
_ABSOLUTE = re.compile(r"abs_alt:\s*([-+\d.]+)")
_GPS = re.compile(r"GPS ?\(\s*([-+\d.]*)\s*,\s*([-+\d.]*)\s*,\s*([-+\d.]*)(M?)\s*\)")
_GIMBAL = re.compile(r"G\.PRY \(\s*([-+\d.]+)°?,\s*([-+\d.]+)°?,\s*([-+\d.]+)°?\)")


@dataclass(frozen=True, slots=True)
class VideoMoment:
    """One record of a subtitle file.

    Attributes:
        start_s: from the start of the video.
        clock: of the camera, without zone; None where the model writes none.
        height_home_m: above the take-off point, None where the model writes none.
        altitude_m: absolute, in no stated height system; None where the model writes none.
        attitude: of the gimbal; only the Phantom 4 RTK writes it.
    """

    start_s: float
    clock: datetime | None
    lon_deg: float
    lat_deg: float
    height_home_m: float | None
    altitude_m: float | None
    attitude: Attitude | None


def read_subtitles(path: Path) -> tuple[VideoMoment, ...]:
    """Read all records of a subtitle file; a last one that is cut short is left out.

    Raises:
        VisionError: the file cannot be read, or a record has no place; the line is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise VisionError(f"{path}: cannot be read ({error.strerror})") from error
    records = list(_records(text))
    if not records:
        raise VisionError(f"{path}: line 1: holds no subtitles with times; give a DJI .SRT file")
    if len(records) > 1 and _place(" ".join(records[-1][1])) is None:
        del records[-1]
    return tuple(_moment(path, line, words) for line, words in records)


def list_subtitles(folder: Path) -> tuple[Path, ...]:
    """Subtitle files below a folder, sorted by path."""
    return tuple(sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".srt" and p.is_file()))


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number of the timing and the lines of each record."""
    start, lines = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if _TIMING.search(line):
            start, lines = number, [line]
        elif start and line.strip():
            lines.append(line)
        elif start:
            yield start, lines
            start, lines = 0, []
    if start:
        yield start, lines


def _moment(path: Path, line: int, lines: list[str]) -> VideoMoment:
    words = " ".join(lines[1:])
    place = _place(words)
    if place is None:
        raise VisionError(
            f"{path}: line {line}: the record has no GNSS position ({words[:60]!r}); "
            "the video cannot be located"
        )
    lon, lat = place
    if not (-180 <= lon <= 180 and -90 <= lat <= 90) or (lon == 0 and lat == 0):
        raise VisionError(f"{path}: line {line}: ({lon}, {lat}) is no place; no GNSS fix?")
    relative, absolute = _RELATIVE.search(words), _ABSOLUTE.search(words)
    timing = _TIMING.search(lines[0])
    assert timing is not None
    hours, minutes, seconds, thousandths = (int(part) for part in timing.groups())
    start = timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=thousandths)
    named = re.search(r"\[altitude:\s*([-+\d.]+)\]", words)
    return VideoMoment(
        start_s=start.total_seconds(),
        clock=_clock(words),
        lon_deg=lon,
        lat_deg=lat,
        height_home_m=None if relative is None else float(relative[1] or relative[2]),
        altitude_m=float(absolute[1]) if absolute else float(named[1]) if named else None,
        attitude=_attitude(words),
    )


def _place(words: str) -> tuple[float, float] | None:
    """Longitude and latitude of a record."""
    named = [pattern.search(words) for pattern in (_NAMED["longitude"], _NAMED["latitude"])]
    if named[0] is not None and named[1] is not None:
        return float(named[0][1]), float(named[1][1])
    gps = _GPS.search(words)
    if gps is None or not gps[1] or not gps[2]:
        return None
    first, second = float(gps[1]), float(gps[2])
    # Only the Matrice 300 has the unit behind the third number, and it puts latitude first.
    return (second, first) if gps[4] and abs(first) <= 90 else (first, second)


def _clock(words: str) -> datetime | None:
    match = _CLOCK.search(words)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(match[k]) for k in range(1, 7))
        return datetime(year, month, day, hour, minute, second, int(match[7] or 0) * 1000)
    except ValueError:
        return None


def _attitude(words: str) -> Attitude | None:
    gimbal = _GIMBAL.search(words)
    if gimbal is None:
        return None
    pitch, roll, yaw = (float(gimbal[k]) for k in (1, 2, 3))
    return Attitude(yaw, pitch, roll)

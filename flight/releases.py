"""EDGE: shutter releases of flights, from whatever was kept of them: CSV, .BIN or .tlog."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from flight.bin_log import SUFFIXES, read_recording
from flight.errors import LogError
from flight.log import CAMERA_EVENTS_FILE, read_track
from geo.track import CameraEvent

TWIN_WITHIN = timedelta(seconds=0.5)  # radio and dataflash log of one flight tell each release


def read_releases(place: Path) -> tuple[CameraEvent, ...]:
    """Shutter releases of a recording, or of all flights below a folder, in time order.

    A folder with `camera_events.csv` is read by that, one without by its recordings; a release
    that both a .BIN and a .tlog tell counts once.

    Raises:
        LogError: there is nothing to read, or it holds no release.
    """
    if place.is_dir():
        events = [event for found in _tracks(place) for event in found]
    elif place.name == CAMERA_EVENTS_FILE:
        events = list(read_track(place.parent).camera_events)
    else:
        events = list(read_recording(place).track.camera_events)
    if not events:
        raise LogError(
            f"{place}: holds no release of the shutter; give the folder or recording (.tlog, .BIN) "
            f"of a flight with photos, or one with a {CAMERA_EVENTS_FILE}."
        )
    return _without_twins(sorted(events, key=lambda event: event.time))


def _tracks(folder: Path) -> Iterable[tuple[CameraEvent, ...]]:
    kept = sorted(folder.rglob(CAMERA_EVENTS_FILE))
    for path in kept:
        yield read_track(path.parent).camera_events
    told = {path.parent for path in kept}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.parent not in told:
            yield read_recording(path).track.camera_events


def _without_twins(events: list[CameraEvent]) -> tuple[CameraEvent, ...]:
    """Leave out a release of the same number at the same time; `events` are in time order."""
    kept: list[CameraEvent] = []
    for event in events:
        near = [other for other in kept[-2:] if event.time - other.time <= TWIN_WITHIN]
        if not any(other.index == event.index for other in near):
            kept.append(event)
    return tuple(kept)

"""EDGE: where is a vehicle whose flight is still being recorded? Read from the growing file."""

from dataclasses import dataclass
from pathlib import Path

from flight.log import messages_of

MOST_BYTES = 8 * 2**20
"""So much of a recording is read at a time; the next look goes on from there."""
EVERY_MS = 1000


@dataclass(frozen=True, slots=True)
class Sight:
    """Where a vehicle was, by its own clock since it was switched on."""

    time_ms: int
    lon_deg: float
    lat_deg: float
    height_home_m: float
    speed_m_s: float


class RecordingTail:
    """Goes through a recording as it grows; positions at most once a second."""

    def __init__(self, path: Path) -> None:
        """Begin at the beginning; nothing is read before the first look."""
        self.path = path
        self._offset = 0
        self._last_ms = -EVERY_MS

    def look(self) -> list[Sight]:
        """Read what was added since; nothing where the file is gone or half a frame is written."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(MOST_BYTES)
        except OSError:
            return []
        messages, read = messages_of(data)
        self._offset += read
        sights = []
        for message in messages:
            if message.get_type() != "GLOBAL_POSITION_INT":
                continue
            if message.time_boot_ms - self._last_ms < EVERY_MS or not (message.lat or message.lon):
                continue
            self._last_ms = message.time_boot_ms
            sights.append(
                Sight(
                    time_ms=message.time_boot_ms,
                    lon_deg=message.lon / 1e7,
                    lat_deg=message.lat / 1e7,
                    height_home_m=message.relative_alt / 1000,
                    speed_m_s=(message.vx**2 + message.vy**2) ** 0.5 / 100,
                )
            )
        return sights

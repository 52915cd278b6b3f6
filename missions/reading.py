"""EDGE: how bytes of a foreign file are taken in: not too many, as text, with a name for errors."""

import math
from pathlib import Path

from missions.errors import MissionError
from missions.model import MissionItem

MOST_BYTES = 32 * 1024 * 1024
MOST_ITEMS = 100_000


def read_bytes(path: Path) -> bytes:
    """Read a whole file of bearable size.

    Raises:
        MissionError: there is no such file, it cannot be read or is too large.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise MissionError(
                f"{path}: {size / 1e6:.0f} MB are too much for a mission; the most that is read "
                f"is {MOST_BYTES / 1e6:.0f} MB"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise MissionError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise MissionError(f"{path}: cannot be read ({error}); name a mission file") from error


def read_text(path: Path, kind: str) -> str:
    """Read a UTF-8 text file; MissionError says that it is not of the kind where it is none."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MissionError(f"{path}: not {kind} ({error})") from error


def checked_item(item: MissionItem) -> MissionItem:
    """Refuse an item that leads nowhere on earth; ValueError says why."""
    if not (-90 <= item.lat_deg <= 90 and -180 <= item.lon_deg <= 180):
        raise ValueError(
            f"latitude {item.lat_deg:g}, longitude {item.lon_deg:g}: latitude comes first"
        )
    if not (math.isfinite(item.altitude_m) and all(map(math.isfinite, item.parameters))):
        raise ValueError(f"altitude {item.altitude_m:g}, parameters {item.parameters}: not finite")
    return item

"""EDGE: read the tables that a district edits, or the ones shipped with aerogrid."""

from pathlib import Path

from dispatch.calendar import WorkCalendar, parse_calendar
from dispatch.errors import AlertError, CalendarError, DispatchError
from dispatch.policies import AlertSettings, parse_alerts

SHIPPED = Path(__file__).parent


def load_calendar(path: Path | None = None) -> WorkCalendar:
    """Read a working calendar; None stands for the shipped one, of China in 2026."""
    path = path or SHIPPED / "calendar-cn-2026.toml"
    return parse_calendar(read_text(path, CalendarError), str(path))


def load_alerts(path: Path) -> AlertSettings:
    """Read alert settings."""
    return parse_alerts(read_text(path, AlertError), str(path))


def read_text(path: Path, error: type[DispatchError]) -> str:
    """Read a table's text; `error` is raised where that cannot be done."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as fault:
        raise error(f"{path} does not exist; name a TOML file") from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise error(f"{path} cannot be read: {fault}") from fault

"""What went wrong in a flight, recognised by what the vehicle said and did; pure.

Words of ArduCopter 4.x (recordings, CONFORMANCE 3.5) and of PX4 1.14 and later.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MODE_WORD = "Mode "
# The change of mode comes with the words, or up to 10 s after a loss that is noticed here at once;
# after a broken line it is seen with the first heartbeat, before the clock is.
ANSWERED_WITHIN = timedelta(seconds=15)
HARD_LANDING_M_S = 2.0


@dataclass(frozen=True, slots=True)
class FlightEvent:
    """Something the vehicle said or did.

    Attributes:
        time: UTC; None before the vehicle knew the time.
        severity: MAV_SEVERITY, 0 the worst; 6 for information.
    """

    time: datetime | None
    severity: int
    text: str


class Kind(StrEnum):
    """What can go wrong."""

    CRASH = "crash"
    MOTOR = "motor"
    BATTERY = "battery"
    GNSS = "GNSS"
    FENCE = "fence"
    LINK = "link to the ground station"
    RADIO = "remote control"
    VIBRATION = "vibration"
    TERRAIN = "terrain data"
    WIND = "wind"
    ORDER = "order"


_SAID = {
    Kind.CRASH: r"crash|hit ground at",
    Kind.MOTOR: r"thrust loss|motor failure|yaw imbalance|esc failure",
    Kind.BATTERY: r"battery.*(failsafe|is low|is critical)|(low|critical|emergency) battery"
    r"|battery level (low|critical|dangerous)",
    Kind.GNSS: r"ekf failsafe|ekf variance|gps glitch|gps failsafe|gnss fix lost|bad position"
    r"|position estimate (is )?(invalid|lost)|no valid .*position|dead ?reckoning",
    Kind.FENCE: r"fence breach(?!.*clear)|geofence (violation|breach)|fence failsafe",
    Kind.LINK: r"gcs failsafe|data ?link lost|ground (control )?station.*lost|gcs connection lost",
    Kind.RADIO: r"radio failsafe|manual control.*lost|rc (signal )?lost",
    Kind.VIBRATION: r"vibration compensation on|high vibration",
    Kind.TERRAIN: r"terrain failsafe|terrain data missing",
    Kind.WIND: r"high wind|wind speed.*(above|limit)",
}
_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _SAID.items()}
_FAILSAFE = re.compile(
    r"failsafe|battery.*(is low|is critical)|(low|critical|emergency) battery"
    r"|battery level (low|critical|dangerous)|data ?link lost|manual control.*lost",
    re.IGNORECASE,
)
_OVER = re.compile(r"clear|regained|restored|compensation off", re.IGNORECASE)
_SPEED = re.compile(r"hit ground at ([\d.]+) m/s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong, and what the vehicle did.

    Attributes:
        text: first words of the vehicle about it.
        response: mode that it entered because of it; None where it went on as before.
    """

    kind: Kind
    time: datetime | None
    text: str
    response: str | None = None

    def __str__(self) -> str:
        """Tell the kind, the words and what the vehicle did."""
        if self.kind is Kind.CRASH:
            return f"{self.kind}: {self.text}"
        did = f"the vehicle went to {self.response}" if self.response else "the vehicle went on"
        return f"{self.kind}: {self.text}; {did}"


def troubles_of(events: Sequence[FlightEvent]) -> tuple[Trouble, ...]:
    """Recognise what went wrong in a flight, in the order in which it began.

    The same kind is told again only after the vehicle said that it was over.
    """
    found: list[Trouble] = []
    open_kinds: set[Kind] = set()
    for event in events:
        if event.text.startswith(MODE_WORD):
            continue
        kind = kind_of(event.text)
        if kind is None:
            continue
        if _OVER.search(event.text):
            open_kinds.discard(kind)
        elif kind not in open_kinds:
            open_kinds.add(kind)
            found.append(Trouble(kind, event.time, event.text, _response(event, events)))
    return tuple(found)


def kind_of(text: str) -> Kind | None:
    """What some words of a vehicle are about; None for what is no trouble."""
    speed = _SPEED.search(text)
    if speed and float(speed[1].rstrip(".") or 0) < HARD_LANDING_M_S:
        return None
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(text)), None)


def begins(text: str) -> Kind | None:
    """What goes wrong from some words of a vehicle on; None where nothing does, or it is over."""
    return None if _OVER.search(text) else kind_of(text)


def is_failsafe(text: str) -> bool:
    """Whether some words of a vehicle say that a failsafe flies it, or is about to."""
    return bool(_FAILSAFE.search(text) and not _OVER.search(text))


def cause_of(events: Sequence[FlightEvent]) -> Trouble | None:
    """Why a flight did not end as its mission; None where the vehicle kept to it or came back.

    A crash counts before all else, then the first trouble that made the vehicle change its mode,
    then a mode that was entered without a word: somebody ordered it.
    """
    troubles = troubles_of(events)
    crash = next((t for t in troubles if t.kind is Kind.CRASH), None)
    if crash is not None:
        return crash
    modes = [event for event in events if event.text.startswith(MODE_WORD)]
    if not modes or is_mission(_mode(modes[-1])):
        return None
    answered = next((t for t in troubles if t.response is not None), None)
    if answered is not None:
        return answered
    return Trouble(Kind.ORDER, modes[-1].time, "no reason was told", _mode(modes[-1]))


def is_mission(mode: str) -> bool:
    """Whether a vehicle flies its mission in a mode: ArduCopter's name or PX4's."""
    return mode in ("AUTO", "MISSION")


def _response(event: FlightEvent, events: Sequence[FlightEvent]) -> str | None:
    """Mode that was entered nearest in time to an event, out of a mission."""
    if event.time is None:
        return None
    near = [
        (abs(other.time - event.time), _mode(other))
        for other in events
        if other.text.startswith(MODE_WORD)
        and other.time is not None
        and not is_mission(_mode(other))
        and abs(other.time - event.time) <= ANSWERED_WITHIN
    ]
    return min(near)[1] if near else None


def _mode(event: FlightEvent) -> str:
    return event.text.removeprefix(MODE_WORD)

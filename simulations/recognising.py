"""What has gone wrong in a flight, by what its vehicle says; pure.

Some failures the vehicle tells in words. A wind above the drone's limit and a weak motor it does
not: these are read from WIND and from the outputs to its motors.
"""

import math
from dataclasses import dataclass, field

from flight.protocol import Message
from simulations.scenarios import Fault

WORDS = (
    ("battery", Fault.BATTERY),
    ("ekf failsafe", Fault.GPS),
    ("gcs failsafe", Fault.LINK),
    ("radio failsafe", Fault.RADIO),
    ("fence breached", Fault.FENCE),
    ("thrust loss", Fault.MOTOR),
)
HARMLESS = ("cleared",)
LASTS_S = 3.0  # how long a figure must be bad
GUST_S = 10.0  # over which the wind is averaged
SILENCE_S = 3.0  # heartbeats come every second
UNEVEN_US = 120  # one motor is driven so much harder than the others


@dataclass(slots=True)
class Recogniser:
    """Listens to one vehicle.

    Attributes:
        wind_limit_m_s: of the drone.
        mean_wind_m_s: over some seconds.
        found: when each failure was recognised, by the client's clock.
    """

    wind_limit_m_s: float
    found: dict[Fault, float] = field(default_factory=dict)
    _bad_since_s: dict[Fault, float] = field(default_factory=dict)
    mean_wind_m_s: float = 0.0
    _heard_s: float | None = None
    _felt_s: float | None = None

    def hear(self, message: Message | None, now_s: float, *, flying: bool) -> None:
        """Take a message, or that none came."""
        if message is None:
            self._notice_silence(now_s, flying=flying)
            return
        self._notice_silence(now_s, flying=flying)
        self._heard_s = now_s
        if not flying:
            return
        kind = message.get_type()
        if kind == "STATUSTEXT":
            self._read(message.text.lower(), now_s)
        elif kind == "GPS_RAW_INT":
            self._judge(Fault.GPS, now_s, bad=message.fix_type < 3)
        elif kind == "WIND":
            self._feel(message.speed, now_s)
        elif kind == "SERVO_OUTPUT_RAW":
            self._judge(Fault.MOTOR, now_s, bad=_is_uneven(message))
        elif kind == "FENCE_STATUS" and message.breach_status:
            self.found.setdefault(Fault.FENCE, now_s)

    def _notice_silence(self, now_s: float, *, flying: bool) -> None:
        if flying and self._heard_s is not None and now_s - self._heard_s > SILENCE_S:
            self.found.setdefault(Fault.LINK, now_s)

    def _read(self, words: str, now_s: float) -> None:
        if any(part in words for part in HARMLESS):
            return
        for part, fault in WORDS:
            if part in words:
                self.found.setdefault(fault, now_s)

    def _feel(self, speed_m_s: float, now_s: float) -> None:
        """Judge the mean wind, not a gust."""
        since_s = now_s - self._felt_s if self._felt_s is not None else math.inf
        self._felt_s = now_s
        self.mean_wind_m_s += (speed_m_s - self.mean_wind_m_s) * min(1.0, since_s / GUST_S)
        if self.mean_wind_m_s > self.wind_limit_m_s:
            self.found.setdefault(Fault.WIND, now_s)

    def _judge(self, fault: Fault, now_s: float, *, bad: bool) -> None:
        if not bad:
            self._bad_since_s.pop(fault, None)
        elif now_s - self._bad_since_s.setdefault(fault, now_s) >= LASTS_S:
            self.found.setdefault(fault, now_s)


def _is_uneven(message: Message) -> bool:
    outputs = sorted(getattr(message, f"servo{number}_raw") for number in range(1, 5))
    return bool(outputs[0] > 1000 and outputs[3] - outputs[2] > UNEVEN_US)

"""What goes wrong with a vehicle in the air, recognised as it is told or shown; pure.

Words are read by `flight.trouble`. A wind above the drone's limit, a weak motor and silence are not
told in words: they are noticed here, and put into words among the vehicle's events.
"""

from dataclasses import dataclass, field

from flight.monitor import FlightMonitor
from flight.protocol import Message
from flight.trouble import Kind, begins

LASTS_MS = 3000  # how long a motor must be driven harder
GUST_MS = 10_000  # over which the wind is averaged
UNEVEN_US = 120  # one motor is driven so much harder than the others
WINDS = ("WIND", "WIND_COV")


@dataclass(slots=True)
class Recogniser:
    """Listens to one vehicle in the air.

    Attributes:
        wind_limit_m_s: of the drone; None where it is not known.
        found: when each kind of trouble was first recognised, by the client's clock.
    """

    monitor: FlightMonitor
    wind_limit_m_s: float | None
    found: dict[Kind, float] = field(default_factory=dict)
    _events_read: int = 0
    _mean_m_s: float = 0.0
    _felt_ms: int | None = None
    _wind_told: bool = False
    _uneven_ms: int | None = None
    _motor_told: bool = False

    def begin(self) -> None:
        """Pass over what was said on the ground."""
        self._events_read = len(self.monitor.texts_after(0))

    def hear(self, message: Message, now_s: float) -> None:
        """Take a message that the monitor has taken before."""
        if self.monitor.is_airborne:
            kind = message.get_type()
            if kind in WINDS:
                self._feel(self.monitor.wind_m_s)
            elif kind == "SERVO_OUTPUT_RAW":
                self._compare(message)
        self.read_events(now_s)

    def lose_link(self, reason: str, now_s: float) -> None:
        """Take that nothing is heard any more."""
        self.monitor.note(3, f"data link lost here: {reason}")
        self.read_events(now_s)

    def regain_link(self) -> None:
        """Take that the vehicle is heard again."""
        self.monitor.note(5, "data link regained")

    def read_events(self, now_s: float) -> None:
        """Look at what was said or noticed since the last time."""
        for text in self.monitor.texts_after(self._events_read):
            self._events_read += 1
            kind = begins(text)
            if kind is not None:
                self.found.setdefault(kind, now_s)

    def _feel(self, speed_m_s: float | None) -> None:
        """Judge the mean wind, not a gust; one that is not known counts as none."""
        if self.wind_limit_m_s is None:
            return
        now_ms = self.monitor.boot_ms
        weight = 1.0 if self._felt_ms is None else min(1.0, (now_ms - self._felt_ms) / GUST_MS)
        self._felt_ms = now_ms
        self._mean_m_s += ((speed_m_s or 0.0) - self._mean_m_s) * weight
        if self._mean_m_s > self.wind_limit_m_s and not self._wind_told:
            self._wind_told = True
            self.monitor.note(
                4,
                f"high wind: {self._mean_m_s:.1f} m/s on average, the drone's limit is "
                f"{self.wind_limit_m_s:g} m/s",
            )

    def _compare(self, message: Message) -> None:
        """Judge the outputs to the first four motors."""
        outputs = sorted(getattr(message, f"servo{number}_raw") for number in range(1, 5))
        if not (outputs[0] > 1000 and outputs[3] - outputs[2] > UNEVEN_US):
            self._uneven_ms = None
            return
        now_ms = self.monitor.boot_ms
        if self._uneven_ms is None:
            self._uneven_ms = now_ms
        if now_ms - self._uneven_ms >= LASTS_MS and not self._motor_told:
            self._motor_told = True
            self.monitor.note(
                4, f"motor failure is likely: one is driven by {outputs[3] - outputs[2]} us more"
            )

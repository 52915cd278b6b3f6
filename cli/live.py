"""The live view of flights in the terminal."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.live import Live
from rich.markup import escape
from rich.table import Table

from cli import console
from flight.progress import FlightProgress

COLUMNS = (
    "sortie", "phase", "mode", "item", "next m", "height m", "m/s", "off row m", "photos",
    "battery (plan)", "wind", "min (plan)",
)  # fmt: skip
FLEET_COLUMNS = (2, 5, 8, 9, 11)  # those that a row of 80 letters has room for
MODE = 2
IN_AIR = frozenset({"flight", "link lost"})  # phases in which a vehicle is heard all the time
SILENT_S = 3.0
LINE_EVERY_S = 30.0  # of flight, where there is no terminal to draw in


@dataclass(slots=True)
class LiveView:
    """What several flights last told; shows each trouble and notice once, when it comes.

    Attributes:
        live: a terminal's drawing, which asks for `drawn`; None where lines are written.
        vehicles: name of the vehicle by sortie; empty for one flight.
        clock: seconds, to say how long a vehicle was not heard.
    """

    live: Live | None
    vehicles: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    _last: dict[str, FlightProgress] = field(default_factory=dict)
    _told_s: dict[str, float] = field(default_factory=dict)
    _line_s: dict[str, float] = field(default_factory=dict)

    def tell(self, progress: FlightProgress) -> None:
        """Show how far a flight is."""
        code = progress.sortie_code
        before = self._last.get(code)
        self._last = {**self._last, code: progress}  # whole: it is drawn by another thread
        self._told_s[code] = self.clock()
        for text in _news(before, progress):
            console.warn(f"{code}: {text}")
        if self.live is None and self._is_due(before, progress):
            self._line_s[code] = progress.elapsed_s
            words = " ".join(
                f"{n} {v}," for n, v in zip(COLUMNS[1:], cells(progress)[1:], strict=True)
            )
            console.err.print(f"{code}: {words.rstrip(',')}", highlight=False, soft_wrap=True)

    def drawn(self) -> Table:
        """Draw what is known now: one flight as a sheet of figures, several as a row each."""
        rows = [self._cells(progress) for progress in self._last.values()]
        if len(rows) == 1 and not self.vehicles:
            return _sheet(rows[0])
        columns = ["sortie", "vehicle", *(COLUMNS[index] for index in FLEET_COLUMNS)]
        texts = (
            (row[0], self.vehicles.get(row[0], "-"), *(row[index] for index in FLEET_COLUMNS))
            for row in rows
        )
        table = console.table("", columns, texts)
        table.columns[columns.index(COLUMNS[MODE])].no_wrap = True
        return table

    def _cells(self, progress: FlightProgress) -> tuple[str, ...]:
        """What a flight told, with its phase or its silence where its mode would mislead."""
        told = list(cells(progress))
        silent_s = self.clock() - self._told_s[progress.sortie_code]
        if progress.phase not in IN_AIR:
            told[MODE] = progress.phase
        elif silent_s > SILENT_S:
            told[MODE] = f"not heard for {silent_s:.0f} s"
        return tuple(told)

    def _is_due(self, before: FlightProgress | None, now: FlightProgress) -> bool:
        if before is None or (before.phase, before.mode) != (now.phase, now.mode):
            return True
        return now.elapsed_s - self._line_s.get(now.sortie_code, 0.0) >= LINE_EVERY_S


def _news(before: FlightProgress | None, now: FlightProgress) -> list[str]:
    """What was said since; a flight that is tried again begins anew."""
    troubles, notices = (0, 0) if before is None else (len(before.troubles), len(before.notices))
    return [*map(str, now.troubles[troubles:]), *now.notices[notices:]]


@contextmanager
def live_view(vehicles: Mapping[str, str] | None = None) -> Iterator[LiveView]:
    """Show a table that is drawn anew at a terminal, a line now and then elsewhere.

    Args:
        vehicles: name of the vehicle by sortie, for several flights.
    """
    view = LiveView(None, vehicles or {})
    if not console.err.is_terminal:
        yield view
        return
    drawing = Live(
        get_renderable=view.drawn, console=console.err, refresh_per_second=4, transient=True
    )
    with drawing as view.live:
        yield view


def _sheet(told: Sequence[str]) -> Table:
    """Name and figure, three pairs a line."""
    grid = Table.grid(padding=(0, 2))
    pairs = list(zip(COLUMNS, told, strict=True))
    for start in range(0, len(pairs), 3):
        line = pairs[start : start + 3]
        grid.add_row(*(f"[dim]{name}[/] {escape(value)}" for name, value in line))
    return grid


def cells(p: FlightProgress) -> tuple[str, ...]:
    """What a flight tells, in the order of the columns; a dash for what is not known."""
    battery = f"{_share(p.battery_share)} ({_share(p.battery_planned_share)})"
    wind = "-" if p.wind_m_s is None else f"{p.wind_m_s:.0f} m/s {p.wind_from_deg or 0:.0f}°"
    return (
        p.sortie_code,
        p.phase,
        p.mode,
        f"{p.item}/{p.items}",
        _number(p.next_place_m),
        _number(p.height_home_m),
        f"{p.ground_speed_m_s:.1f}",
        "-" if p.cross_track_m is None else f"{p.cross_track_m:+.1f}",
        f"{p.photos}/{p.photos_planned}",
        battery,
        wind,
        f"{p.elapsed_s / 60:.1f} ({p.planned_s / 60:.1f})",
    )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"

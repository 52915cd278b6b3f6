"""Which cells should be flown first: old patrols, open cases, seasons, tips from citizens."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from geo.grid import Cell, Grid
from missions.errors import MissionError


@dataclass(frozen=True, slots=True)
class History:
    """What is known about a cell.

    Attributes:
        last_patrol: None if it was never flown.
        unverified_cases: open ones that are said to be solved; a flight has to show it.
    """

    last_patrol: date | None = None
    open_cases: int = 0
    overdue_cases: int = 0
    unverified_cases: int = 0


@dataclass(frozen=True, slots=True)
class Season:
    """Weeks of each year in which some cells matter more, such as straw burning.

    Attributes:
        first: (month, day) on which it begins.
        last: (month, day) on which it ends; before `first` if it runs over the new year.
        points: added to the priority.
        cells: codes it holds for; empty for all.
    """

    name: str
    first: tuple[int, int]
    last: tuple[int, int]
    points: float
    cells: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse days that no leap year has."""
        for month, day in (self.first, self.last):
            try:
                date(2000, month, day)
            except ValueError as error:
                raise MissionError(
                    f"season {self.name}: {month:02d}-{day:02d} is no day of a year; write MM-DD"
                ) from error

    def holds(self, code: str, day: date) -> bool:
        """Whether a cell is in season on a day."""
        today = (day.month, day.day)
        if self.first <= self.last:
            on = self.first <= today <= self.last
        else:
            on = today >= self.first or today <= self.last
        return on and (not self.cells or code in self.cells)


@dataclass(frozen=True, slots=True)
class Tip:
    """A hotline ticket with place and time."""

    time: datetime
    lon_deg: float
    lat_deg: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each thing counts, in points.

    Attributes:
        interval_days: between patrols that a cell should have.
        interval_points: for a cell last flown one interval ago; in proportion, up to twice.
        open_points: for each open case.
        overdue_points: for each overdue case; by itself enough for the first day.
        unverified_points: for each case that is said to be solved, beside its open_points.
        tip_days: a tip counts fully when it comes and not any more after this.
        tip_points: for each tip; by itself enough for the first day while it is fresh.
        urgent_points: cells with this many or more must be flown on the first day.
    """

    interval_days: float = 10.0
    interval_points: float = 10.0
    open_points: float = 5.0
    overdue_points: float = 40.0
    unverified_points: float = 10.0
    tip_days: float = 7.0
    tip_points: float = 60.0
    urgent_points: float = 40.0

    def __post_init__(self) -> None:
        """Refuse spans of no length and negative points."""
        for name in ("interval_days", "tip_days"):
            if not getattr(self, name) > 0:
                raise MissionError(f"{name} is {getattr(self, name)}; it must be above 0")
        kinds = ("interval", "open", "overdue", "unverified", "tip")
        for name in (f"{kind}_points" for kind in kinds):
            if not getattr(self, name) >= 0:
                raise MissionError(f"{name} is {getattr(self, name)}; it must be 0 or more")


@dataclass(frozen=True, slots=True)
class Priority:
    """Points of a cell and what they are made of."""

    points: float
    urgent: bool
    because: str


def priorities(
    grid: Grid,
    now: datetime,
    *,
    histories: Mapping[str, History] | None = None,
    seasons: Sequence[Season] = (),
    tips: Iterable[Tip] = (),
    weights: Weights | None = None,
) -> dict[str, Priority]:
    """Points of every cell at a moment; a cell that nothing is known of was never flown."""
    weights = weights or Weights()
    tipped = tip_points(grid, tips, now, weights)
    known = histories or {}
    return {
        cell.code: _priority(
            cell, known.get(cell.code, History()), seasons, tipped.get(cell.code, 0.0), now, weights
        )
        for cell in grid
    }


def tip_points(
    grid: Grid, tips: Iterable[Tip], now: datetime, weights: Weights
) -> dict[str, float]:
    """Points from tips by cell; tips from outside the grid, the future or long ago give none."""
    points: dict[str, float] = {}
    for tip in tips:
        age_days = (now - tip.time).total_seconds() / 86400
        cell = grid.cell_at(tip.lon_deg, tip.lat_deg)
        if cell is not None and 0 <= age_days < weights.tip_days:
            fresh = 1 - age_days / weights.tip_days
            points[cell.code] = points.get(cell.code, 0.0) + weights.tip_points * fresh
    return points


def _priority(
    cell: Cell,
    history: History,
    seasons: Sequence[Season],
    tipped: float,
    now: datetime,
    weights: Weights,
) -> Priority:
    parts = {
        "patrol": weights.interval_points * _overdue_share(history, now.date(), weights),
        "open cases": weights.open_points * history.open_cases,
        "overdue cases": weights.overdue_points * history.overdue_cases,
        "cases to verify": weights.unverified_points * history.unverified_cases,
        "tips": tipped,
    }
    for season in seasons:
        if season.holds(cell.code, now.date()):
            parts[season.name] = parts.get(season.name, 0.0) + season.points
    points = round(sum(parts.values()), 3)
    because = ", ".join(f"{name} {value:.1f}" for name, value in parts.items() if value > 0)
    return Priority(points, points >= weights.urgent_points, because)


def _overdue_share(history: History, today: date, weights: Weights) -> float:
    """Intervals since the last patrol, 0 to 2."""
    if history.last_patrol is None:
        return 2.0
    return min(max((today - history.last_patrol).days / weights.interval_days, 0.0), 2.0)

"""A simulated flight as two drawings: a map and a height profile, SVG, pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import Polygon

from geo.frames import Array
from missions.legs import legs
from simulations.gate_checks import Flight

MAP_PX, PROFILE_PX, PROFILE_HIGH_PX = 460, 690, 270
MARGIN_PX = 26
MOST_POINTS = 700
FLOWN, PLANNED, FENCE, PHOTO, GROUND, LIMIT, FAULT = (
    "#0b5cab", "#9aa49d", "#b3261e", "#e08a00", "#8a6d3b", "#b3261e", "#7a1fa2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scale:
    """From metres to pixels of one drawing, with equal or with two scales."""

    left: float
    bottom: float
    x_per: float
    y_per: float
    high_px: float

    def points(self, places: Array) -> str:
        """Places (N, 2) as the points of a polyline."""
        x = MARGIN_PX + 14 + (places[:, 0] - self.left) * self.x_per
        y = self.high_px - MARGIN_PX - (places[:, 1] - self.bottom) * self.y_per
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))

    def point(self, place: Sequence[float] | Array) -> tuple[float, float]:
        """One place."""
        a, b = self.points(np.array([place[:2]], dtype=np.float64)).split(",")
        return float(a), float(b)


def draw_map(flight: Flight) -> str:
    """Plan, fence, flight and pictures from above, north up."""
    task, trace = flight.task, flight.trace
    frame = task.frame
    ends = [end[:2] for leg in legs(task.home, task.items) for end in (leg.start, leg.end)]
    plan = frame.xy_from_lonlat(np.array(ends)) if ends else np.zeros((1, 2))
    zone = frame.to_local(task.fence_or_hull)
    assert isinstance(zone, Polygon)
    photos = np.array([(p.position.lon_deg, p.position.lat_deg) for p in trace.exposures])
    shots = frame.xy_from_lonlat(photos.reshape(-1, 2)) if len(photos) else np.zeros((0, 2))
    ring = np.asarray(zone.exterior.coords)[:, :2]
    every = np.concatenate([plan, ring, trace.places_m[:, :2]])
    scale = _map_scale(every)
    parts = [
        *(_line(scale.points(np.asarray(r.coords)[:, :2]), FENCE, dash="6 4")
          for r in ((zone.exterior, *zone.interiors) if task.fence is not None else ())),
        _line(scale.points(plan), PLANNED, width=5, opacity=0.5),
        _line(scale.points(_thin(trace.places_m[:, :2])), FLOWN, width=1.6),
        *(_dot(scale.point(shot), PHOTO, 2.2) for shot in shots),
        *(_dot(scale.point(place), FAULT, 5) for place in _fault_places(flight)),
        _home(scale.point((0.0, 0.0))),
        _dot(scale.point(trace.places_m[-1]), FLOWN, 4) if trace.flown else "",
        *_bar(scale),
    ]  # fmt: skip
    return _svg(MAP_PX, scale.high_px, parts)


def _map_scale(every: Array) -> _Scale:
    low, high = every.min(axis=0), every.max(axis=0)
    size = np.maximum(high - low, 20.0)
    room = MAP_PX - 2 * MARGIN_PX - 14
    per = room / float(size.max())
    high_px = max(180.0, float(size[1]) * per + 2 * MARGIN_PX + 14)
    spare = (room - float(size[0]) * per) / per / 2
    return _Scale(float(low[0]) - spare, float(low[1]) - 14 / per / 2, per, per, high_px)


def draw_profile(flight: Flight) -> str:
    """Height above home over time, with the ground below and the highest that is allowed."""
    trace = flight.trace
    ground = flight.ground.heights_m(trace.places_m[:, :2])
    allowed = np.where(np.isfinite(ground), ground, 0.0) + flight.limits.ceiling_agl_m
    heights = trace.places_m[:, 2]
    finite = ground[np.isfinite(ground)]
    low = min(0.0, float(finite.min()) if len(finite) else 0.0) - 5
    high = max(float(heights.max()), float(allowed.max())) + 8
    last_s = max(float(trace.time_s[-1]), 1.0)
    room_x, room_y = PROFILE_PX - 2 * MARGIN_PX - 20, PROFILE_HIGH_PX - 2 * MARGIN_PX
    scale = _Scale(0.0, low, room_x / last_s, room_y / (high - low), PROFILE_HIGH_PX)
    shown = np.isfinite(ground)
    floor = np.column_stack([trace.time_s[shown], ground[shown]])
    parts = [
        *_grid(scale, last_s, low, high),
        _area(scale, _thin(floor), low) if len(floor) > 1 else "",
        _line(scale.points(_thin(np.column_stack([trace.time_s, allowed]))), LIMIT, dash="6 4"),
        *_home_ceiling(flight, scale, last_s),
        _line(scale.points(_thin(np.column_stack([trace.time_s, heights]))), FLOWN, width=1.8),
        *_fault_line(flight, scale, low, high),
    ]
    return _svg(PROFILE_PX, PROFILE_HIGH_PX, parts)


def _fault_places(flight: Flight) -> Iterable[Array]:
    begun_s = flight.outcome.injected_s
    if begun_s is not None:
        at = int(np.searchsorted(flight.trace.time_s, begun_s))
        yield flight.trace.places_m[min(at, len(flight.trace.time_s) - 1)]


def _fault_line(flight: Flight, scale: _Scale, low: float, high: float) -> Iterable[str]:
    begun_s = flight.outcome.injected_s
    if begun_s is not None:
        ends = np.array([[begun_s, low], [begun_s, high]])
        yield _line(scale.points(ends), FAULT, width=1.5)
        x, y = scale.point((begun_s, high))
        yield f'<text x="{x + 5:.1f}" y="{y + 10:.1f}">{flight.scenario.fault}</text>'


def _home_ceiling(flight: Flight, scale: _Scale, last_s: float) -> Iterable[str]:
    ceiling = flight.task.ceiling_home_m
    if ceiling is not None:
        ends = np.array([[0.0, ceiling], [last_s, ceiling]])
        yield _line(scale.points(ends), LIMIT, dash="2 4")


def _grid(scale: _Scale, last_s: float, low: float, high: float) -> Iterable[str]:
    step = _round_step((high - low) / 5)
    for level in np.arange(np.ceil(low / step) * step, high, step):
        ends = np.array([[0.0, level], [last_s, level]])
        yield _line(scale.points(ends), "#e3e8e4")
        _, y = scale.point((0.0, float(level)))
        yield f'<text x="{MARGIN_PX + 9}" y="{y + 4:.1f}" text-anchor="end">{level + 0.0:g}</text>'
    step = _round_step(last_s / 6)
    for second in np.arange(0.0, last_s, step):
        x, _ = scale.point((float(second), low))
        yield (
            f'<text x="{x:.1f}" y="{PROFILE_HIGH_PX - 8}" text-anchor="middle">{second:g} s</text>'
        )
    yield '<text x="4" y="14">m</text>'


def _round_step(wanted: float) -> float:
    """1, 2 or 5 times a power of ten, no smaller than wanted."""
    power = 10.0 ** np.floor(np.log10(max(wanted, 1e-6)))
    return float(next(k * power for k in (1, 2, 5, 10) if k * power >= wanted))


def _bar(scale: _Scale) -> Iterable[str]:
    length = _round_step(70 / scale.x_per)
    length = length / 2 if length * scale.x_per > 130 else length
    wide = length * scale.x_per
    x, y = MAP_PX - 12 - wide, scale.high_px - 10
    yield f'<path d="M{x:.1f} {y - 4:.1f}v4h{wide:.1f}v-4" fill="none" stroke="#5c6660"/>'
    yield f'<text x="{x + wide / 2:.1f}" y="{y - 6:.1f}" text-anchor="middle">{length:g} m</text>'
    yield '<path d="M14 26l5 -14l5 14l-5 -4z" fill="#5c6660"/><text x="15" y="38">N</text>'


def _thin(points: Array) -> Array:
    """At most so many points, the last one among them."""
    step = max(1, len(points) // MOST_POINTS)
    return np.concatenate([points[::step], points[-1:]])


def _line(
    points: str, colour: str, *, width: float = 1.0, dash: str = "", opacity: float = 1.0
) -> str:
    extra = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-opacity="{opacity}" stroke-linejoin="round"{extra}/>'
    )


def _area(scale: _Scale, points: Array, low: float) -> str:
    ends = np.array([[points[-1, 0], low], [points[0, 0], low]])
    outline = scale.points(np.concatenate([points, ends]))
    return f'<polygon points="{outline}" fill="{GROUND}" fill-opacity="0.25" stroke="{GROUND}"/>'


def _dot(place: tuple[float, float], colour: str, radius: float) -> str:
    return f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{radius}" fill="{colour}"/>'


def _home(place: tuple[float, float]) -> str:
    x, y = place
    return f'<path d="M{x - 6:.1f} {y + 5:.1f}v-6l6 -5l6 5v6z" fill="#fff" stroke="#1d2420"/>'


def _svg(wide: float, high: float, parts: Iterable[str]) -> str:
    body = "".join(parts)
    return f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" role="img">{body}</svg>'

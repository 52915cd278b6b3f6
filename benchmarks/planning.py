"""The planner of `aerogrid plan` beside others: time over bound, how many photos see the ground.

`plan` calls it with an operator's usual settings and the comparison's motion. It is for the runner
of the comparison: `run_peer.py benchmarks/planning.py POLYGONS OUT`. The script itself prints
figures by shape: `python -m benchmarks.planning POLYGONS`, or with `--seed 1 --each 8` for random
polygons (benchmarks.polygons). Photos are counted in two ways: along rows only, from the start of
each, as our missions have it, and on all legs without a break, as the comparison assumes.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely import Polygon
from shapely.geometry import shape

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.pose import Attitude, GeoPoint, Pose
from missions.coverage import covered_share
from missions.overlap import overlap_map
from missions.pattern import simplified
from missions.releases import heading_deg
from missions.route import Route
from missions.runs import places_along, runs_of
from missions.settings import SurveySettings
from missions.survey import survey_route
from missions.timing import Motion, without_repeats

MOTION = Motion(speed_m_s=10.0, acceleration_m_s2=2.5)
SPACING_M = 30.0
EACH_M = 18.75
LEAST_PHOTOS = 6
SETTINGS = SurveySettings()
PUBLISHED = {
    "rect": "1.06-1.10, all planners",
    "convex": "1.15-1.19, all planners",
    "L": "1.16-1.21, all planners",
    "U": "1.19-1.41, all planners",
    "strip": "1.27-1.87, all planners",
    "pond": "1.225, Fields2Cover",
    "star": "1.15-1.20, all planners",
    "real": "1.20, Fields2Cover",
}
"""Time over bound by shape, as the comparison's README has it."""
_FRAME = LocalFrame(120.0, 31.7)
_HEIGHT_M = 100.0
_PIXEL_M = 2.0


def plan(polygon: Polygon, spacing: float) -> list[tuple[float, float]]:
    """Cover a polygon in metres with rows `spacing` apart."""
    return [(float(x), float(y)) for x, y in planned(polygon, spacing).points()]


def planned(polygon: Polygon, spacing_m: float) -> Route:
    """The route of `plan`: with the usual overlaps, footprint 100 x 75 m for rows 30 m apart."""
    each_m = EACH_M * spacing_m / SPACING_M
    return survey_route(simplified(polygon), spacing_m, each_m, MOTION, SETTINGS)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one polygon: times in shares of the bound, seconds of CPU time, shares of its ground."""

    kind: str
    time_share: float
    cpu_s: float
    covered: float
    seen_rows: float
    seen_all: float


def figures(kind: str, polygon: Polygon) -> Figures:
    """Plan one polygon and cast its photos."""
    began = time.process_time()
    route = planned(polygon, SPACING_M)
    cpu_s = time.process_time() - began
    path = route.points()
    bound_s = polygon.area / SPACING_M / MOTION.speed_m_s
    rows = [places_along(run, EACH_M) for run in runs_of(route)]
    return Figures(
        kind,
        MOTION.path_seconds(path) / bound_s,
        cpu_s,
        covered_share(polygon, path, SPACING_M),
        seen_share(polygon, rows),
        seen_share(polygon, [_evenly(path, EACH_M)]),
    )


def _evenly(path: Array, each_m: float) -> tuple[Array, Array]:
    """Places (K, 2) and directions (K, 2) along a path, from its start."""
    points = without_repeats(path)
    legs = np.diff(points, axis=0)
    lengths = np.hypot(*legs.T)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    along = np.arange(0, ends[-1], each_m)
    leg = np.clip(np.searchsorted(ends, along, side="right") - 1, 0, len(legs) - 1)
    ahead = legs[leg] / lengths[leg, None]
    return points[leg] + (along - ends[leg])[:, None] * ahead, ahead


def seen_share(polygon: Polygon, taken: Sequence[tuple[Array, Array]]) -> float:
    """Share of a polygon that six photos see, taken at places in directions (K, 2)."""
    camera = Camera.centred(1000, 750, 10 * _HEIGHT_M)  # ten pixels a metre
    poses = [pose for places, ahead in taken for pose in _poses(places, ahead)]
    seen = overlap_map(_FRAME.to_lonlat(polygon), poses, camera, pixel_m=_PIXEL_M)
    return seen.share_seen(LEAST_PHOTOS)


def _poses(places: Array, directions: Array) -> Iterator[Pose]:
    """Photos straight down, the picture's top towards the flight."""
    for place, ahead in zip(places, directions, strict=True):
        leg = np.stack([place, place + ahead])
        lon, lat = _FRAME.lonlat_from_xy(place[None])[0].tolist()
        attitude = Attitude(heading_deg(leg, _FRAME), -90.0)
        yield Pose(GeoPoint(lon, lat, _HEIGHT_M), attitude, source="planned")


def main() -> None:
    """Print a line for each shape and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("polygons", nargs="?", type=Path, help="GeoJSON in local metres")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=8, help="random polygons of each shape")
    asked = parser.parse_args()
    found = [figures(kind, polygon) for kind, polygon in _polygons(asked)]
    kinds = list(dict.fromkeys(one.kind for one in found))
    print("shape      n   time/bound    CPU s        covered  seen by 6: rows      all legs")
    for kind in kinds:
        _print(kind, [one for one in found if one.kind == kind], PUBLISHED.get(kind, ""))
    _print("all", found, "1.189, Fields2Cover")


def _polygons(asked: argparse.Namespace) -> list[tuple[str, Polygon]]:
    if asked.polygons is None:
        from benchmarks.polygons import polygons  # not beside a runner that only asks for plan

        return polygons(asked.seed, asked.each)
    features = json.loads(asked.polygons.read_text("utf-8"))["features"]
    return [(one["properties"]["kind"], shape(one["geometry"])) for one in features]


def _print(name: str, of: list[Figures], published: str) -> None:
    """Medians, and in brackets the worst."""
    times, seconds = [one.time_share for one in of], [one.cpu_s for one in of]
    rows, legs = [one.seen_rows for one in of], [one.seen_all for one in of]
    print(
        f"{name:8} {len(of):3}  {statistics.median(times):.3f} ({max(times):.3f})"
        f"  {statistics.median(seconds):.2f} ({max(seconds):.2f})"
        f"  {min(one.covered for one in of):.4f}"
        f"   {statistics.median(rows):.4f} ({min(rows):.4f})"
        f"  {statistics.median(legs):.4f} ({min(legs):.4f})  [{published}]",
        flush=True,
    )


if __name__ == "__main__":
    main()

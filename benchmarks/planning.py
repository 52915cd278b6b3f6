"""Adapter for comparing our planner with others: plan(polygon, spacing) -> points.

Use it with the runner of the comparison: `python run_peer.py benchmarks/planning.py POLYGONS OUT`.
"""

import sys
from pathlib import Path

from shapely import Polygon

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from missions.pattern import cover
from missions.timing import Motion

MOTION = Motion(speed_m_s=10.0, acceleration_m_s2=2.5)


def plan(polygon: Polygon, spacing: float) -> list[tuple[float, float]]:
    """Cover a polygon in metres with rows `spacing` apart."""
    route = cover(polygon, spacing, MOTION, trim_m=0.25 * spacing, free=True)
    return [(float(x), float(y)) for x, y in route.points()]

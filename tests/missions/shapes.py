"""Polygons for planning tests: in local metres, and the same on the globe."""

import numpy as np
from hypothesis import strategies as st
from shapely import Point, Polygon

from geo.frames import LocalFrame

FRAME = LocalFrame(119.95, 31.70)
SQUARE = Polygon([(0, 0), (300, 0), (300, 300), (0, 300)])
U_SHAPE = Polygon(
    [(0, 0), (400, 0), (400, 400), (280, 400), (280, 120), (120, 120), (120, 400), (0, 400)]
)
WITH_POND = SQUARE.difference(Point(150, 150).buffer(60, quad_segs=3))


def on_globe(polygon, frame=FRAME):
    return frame.to_lonlat(polygon)


@st.composite
def polygons(draw):
    """Star-like polygons of 1 to 40 hectares, some with a pond."""
    count = draw(st.integers(3, 10))
    radii = draw(st.lists(st.floats(80, 400), min_size=count, max_size=count))
    start = draw(st.floats(0, 6))
    angles = start + np.arange(count) * 2 * np.pi / count
    ring = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    polygon = Polygon(ring)
    if draw(st.booleans()):
        polygon = polygon.difference(Point(0, 0).buffer(min(radii) / 4, quad_segs=2))
    return polygon if isinstance(polygon, Polygon) else Polygon(ring)

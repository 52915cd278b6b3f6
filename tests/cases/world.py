"""The smallest world for cases: squares on a metric plane laid over one place."""

from datetime import UTC, datetime

from shapely import Polygon, box

from cases.zones import Zones
from geo.frames import LocalFrame
from geo.grid import Cell
from vision.model import Observation

FRAME = LocalFrame(119.8, 32.4)
SEEN = datetime(2026, 6, 10, 2, 0, tzinfo=UTC)


def square(x_m: float, y_m: float, side_m: float = 10.0) -> Polygon:
    """A square around a place of the plane, lon/lat."""
    half = side_m / 2
    return on_ground(box(x_m - half, y_m - half, x_m + half, y_m + half))


def on_ground(shape: Polygon) -> Polygon:
    """From the plane in metres to lon/lat."""
    ground = FRAME.to_lonlat(shape)
    assert isinstance(ground, Polygon)
    return ground


def seen(
    name: str,
    class_name: str,
    x_m: float,
    y_m: float,
    side_m: float = 10.0,
    *,
    score: float = 0.9,
    cell: str | None = "cell-1",
    photos: tuple[str, ...] = ("p1",),
    at: datetime | None = SEEN,
    sigma_m: float = 1.0,
    polygon: Polygon | None = None,
) -> Observation:
    """An observation of a square object."""
    ground = polygon or square(x_m, y_m, side_m)
    return Observation(
        observation_id=name,
        class_name=class_name,
        score=score,
        polygon=ground,
        covariance_m2=(sigma_m**2, 0.0, sigma_m**2),
        area_m2=FRAME.to_local(ground).area,
        cell_code=cell,
        other_cells=(),
        photo_ids=photos,
        detections_px=tuple(box(10, 20, 30, 40) for _ in photos),
        seen_at=at,
    )


def zones() -> Zones:
    """West of x = 0 farmland, east a village with one permit and a works, north closed water."""
    return Zones(
        {
            "farmland": [on_ground(box(-500, -500, 0, 300))],
            "industrial": [on_ground(box(200, -100, 300, 0))],
            "permitted": [square(100, 100, 20)],
            "closed_water": [on_ground(box(-500, 300, 500, 400))],
            "open_water": [on_ground(box(-500, 400, 500, 500))],
        }
    )


def cell() -> Cell:
    """The cell that everything lies in."""
    return Cell("cell-1", "Cell one", "West Town", "Reed Village", "Li Wei", square(0, 0, 2000))

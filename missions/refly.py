"""Which sorties close the gaps that flown photos have left."""

from collections.abc import Sequence

import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.footprint import size_on_ground_m
from geo.pose import Pose
from geo.terrain import Terrain
from missions.errors import MissionError
from missions.grounds import named
from missions.in_sight import Around, plan_in_sight
from missions.model import Drone, Sortie
from missions.overlap import OverlapMap, overlap_map
from missions.settings import DEFAULT_HEIGHT_AGL_M, SurveySettings
from missions.survey import plan_survey

LEAST_GAP_M2 = 100.0
_SIMPLER_PIXELS = 1.5


def gaps(overlap: OverlapMap, photos: int, *, least_m2: float = LEAST_GAP_M2) -> MultiPolygon:
    """Ground that fewer photos see, lon/lat degrees, without specks.

    Args:
        overlap: of what was flown.
        photos: that each place should be in.
        least_m2: smaller gaps are left out.
    """
    parts = _polygons(overlap.gaps_m(photos))
    kept = [part for part in parts if part.area >= least_m2]
    return MultiPolygon([overlap.frame.to_lonlat(part) for part in kept])


def plan_refly(
    area: Polygon | MultiPolygon,
    flown: Sequence[Pose],
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    photos: int,
    code: str = "refly",
    terrain: Terrain | None = None,
    around: Around | None = None,
) -> tuple[Sortie, ...]:
    """Plan surveys of the gaps only; none where enough photos see everything.

    Gaps are widened by the way that a survey needs to reach full overlap, and joined where they
    then touch; nothing outside of the area is flown over.

    Args:
        area: that should have been seen, lon/lat degrees.
        flown: where photos were taken.
        drone: what flies now; its camera is taken to have made the flown photos, too.
        settings: overlaps, height and limits; the usual ones if None.
        photos: that each place should be in.
        code: of the first sortie `CODE-1` and so on.
        terrain: heights of the ground; level ground at sea level if None.
        around: what ways home may not cross; nothing if None.
    """
    if photos < 1:
        raise ValueError(f"photos must be at least 1; got {photos}")
    settings = settings or SurveySettings()
    overlap = overlap_map(area, flown, drone.camera, terrain)
    missing = [overlap.frame.to_local(part) for part in gaps(overlap, photos).geoms]
    margin = _margin_m(drone, settings)
    wide = shapely.union_all([part.buffer(margin, join_style="mitre") for part in missing])
    inside = shapely.intersection(wide, overlap.frame.to_local(area))
    simple = inside.simplify(_SIMPLER_PIXELS * overlap.pixel_m)
    around = around or Around(overlap.frame, (), Polygon())

    def survey(part: Polygon, own: SurveySettings) -> tuple[Sortie, ...]:
        return plan_survey(part, drone, own, terrain=terrain)

    wanted = [part for part in _polygons(simple) if part.area >= LEAST_GAP_M2]
    to_fly = [overlap.frame.to_lonlat(part) for part in wanted]
    sorties = [s for part in to_fly for s in plan_in_sight(part, survey, settings, around)]
    return named(sorties, code, ())


def _margin_m(drone: Drone, settings: SurveySettings) -> float:
    """Half a picture across the rows: from there on a survey has its full side overlap."""
    height = settings.height_agl_m
    if settings.gsd_m is not None:
        height = settings.gsd_m * drone.camera.focal_px
    width, _ = size_on_ground_m(drone.camera, height or DEFAULT_HEIGHT_AGL_M)
    return width / 2


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    if shape.is_empty:
        return []
    parts = shapely.get_parts(shape).tolist()
    found = [part for part in parts if isinstance(part, Polygon)]
    if not all(part.is_valid for part in found):
        raise MissionError("the gaps have no clean outline; use a coarser map")
    return found

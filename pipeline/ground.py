"""The ground of a patrol: its terrain, its local frame, and what of it the photos show."""

from collections.abc import Sequence
from itertools import pairwise

import shapely

from cases.model import Flown
from geo.frames import LocalFrame
from geo.raster import read_terrain
from geo.terrain import FlatTerrain, Terrain
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs
from pipeline.settings import Settings
from vision.frames import flat_ground_amsl_m
from vision.locate import footprints
from vision.model import Frame, SearchScale
from vision.quality import is_worth_looking

PAUSE_S = 120.0
"""Photos further apart are of two flights; batteries are changed between."""


def known_terrain(inputs: Inputs, settings: Settings) -> Terrain | None:
    """Terrain that the patrol was given; None where only the photos tell of the ground."""
    if inputs.dem is not None:
        return read_terrain(inputs.dem)
    level = settings.locating.ground_altitude_amsl_m
    return None if level is None else FlatTerrain(level)


def places_of(frames: Sequence[Frame]) -> list[tuple[float, float]]:
    """Longitude and latitude of the photos with a pose."""
    return [
        (frame.pose.position.lon_deg, frame.pose.position.lat_deg)
        for frame in frames
        if frame.pose is not None
    ]


def ground_of(
    frames: Sequence[Frame], inputs: Inputs, terrain: Terrain | None
) -> tuple[Terrain, LocalFrame]:
    """Terrain and local frame of the located photos; `terrain` is what `known_terrain` tells."""
    places = places_of(frames)
    outlines = [f.placement.outline(f.width_px, f.height_px) for f in frames if f.placement]
    if terrain is None and not places:
        terrain = FlatTerrain(0.0)  # orthophotos lie where they lie
    if terrain is None:
        level = flat_ground_amsl_m(frames)
        if level is None:
            raise PipelineError(
                f"{inputs.photos}: no photo tells its height above the ground. Give a DEM with "
                "`aerogrid ingest --dem`, or locating.ground_altitude_amsl_m in the settings."
            )
        terrain = FlatTerrain(level)
    everything = shapely.GeometryCollection([shapely.MultiPoint(places), *outlines])
    return terrain, LocalFrame.around(everything)


def flown_of(frames: Sequence[Frame], footprints: Sequence[shapely.Polygon]) -> Flown:
    """How long a patrol took photos, and how much ground those show clearly."""
    covered_m2 = 0.0
    if footprints:
        local = LocalFrame.around(shapely.MultiPolygon(footprints))
        covered_m2 = float(shapely.union_all(local.all_to_local(footprints)).area)
    searched = [frame for frame in frames if is_worth_looking(frame)]
    times: dict[str, list[float]] = {}
    for frame in searched:
        if frame.taken_at is not None:
            folder = frame.path.rpartition("/")[0]
            times.setdefault(folder, []).append(frame.taken_at.timestamp())
    return Flown(round(covered_m2, 1), sum(map(_flown_s, times.values())), len(searched))


def _flown_s(times: Sequence[float]) -> float:
    """Seconds from photo to photo, without the pauses between flights."""
    gaps = [later - earlier for earlier, later in pairwise(sorted(times))]
    return round(sum(gap for gap in gaps if gap <= PAUSE_S), 3)


def covered(
    frames: Sequence[Frame], inputs: Inputs, terrain: Terrain | None, scale: SearchScale
) -> list[shapely.Polygon]:
    """Ground that the usable photos show clearly; without poses none."""
    if not any(frame.is_located for frame in frames):
        return []
    ground, local = ground_of(frames, inputs, terrain)
    grounds = list(footprints(frames, ground, local, scale).values())
    return [part for part in shapely.get_parts(grounds) if isinstance(part, shapely.Polygon)]

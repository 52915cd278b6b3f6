"""The ground of a patrol: its terrain, its local frame, and what of it the photos show."""

from collections.abc import Sequence

import shapely

from geo.frames import LocalFrame
from geo.raster import read_terrain
from geo.terrain import FlatTerrain, Terrain
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs
from pipeline.settings import Settings
from vision.frames import flat_ground_amsl_m
from vision.locate import footprints
from vision.model import Frame, SearchScale


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


def covered(
    frames: Sequence[Frame], inputs: Inputs, terrain: Terrain | None, scale: SearchScale
) -> list[shapely.Polygon]:
    """Ground that the usable photos show clearly; without poses none."""
    if not any(frame.is_located for frame in frames):
        return []
    ground, local = ground_of(frames, inputs, terrain)
    grounds = list(footprints(frames, ground, local, scale).values())
    return [part for part in shapely.get_parts(grounds) if isinstance(part, shapely.Polygon)]

"""What do the photos show together that have come so far? Put together as more come.

Only what a new photo shows, or could have shown, is joined anew; all else stays as it was. The
errors of a flight are told from what is joined at once, so that outlines may lie some decimetres
from where all photos of it, taken together, put them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import LocalFrame
from geo.grid import Grid
from geo.terrain import Terrain
from vision.associate import associate
from vision.locate import LocateFailure, footprints, locate
from vision.model import Detection, Frame, Observation, SearchScale, Sighting

REACH_M = 60.0
"""Sightings of one object lie nearer to each other, doubts of poses and drifting smoke included."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What photos are put on.

    Attributes:
        terrain_sigma_m, terrain_has_roofs, terrain_name: as in `vision.locate.locate`.
        grid: cells to name; None names none.
    """

    terrain: Terrain
    local: LocalFrame
    grid: Grid | None
    scale: SearchScale
    terrain_sigma_m: float
    terrain_has_roofs: bool
    terrain_name: str


class Growing:
    """Objects that photos show, kept from photo to photo."""

    def __init__(self, ground: Ground) -> None:
        """Begin without a photo."""
        self._ground = ground
        self._frames: dict[str, Frame] = {}
        self._sightings: dict[str, tuple[Sighting, ...]] = {}
        self._footprints: dict[str, Polygon | MultiPolygon] = {}
        self._failures: dict[str, tuple[LocateFailure, ...]] = {}
        self._observations: tuple[Observation, ...] = ()

    @property
    def terrain(self) -> Terrain:
        """Heights of the ground that photos are put on."""
        return self._ground.terrain

    @property
    def failures(self) -> list[LocateFailure]:
        """Detections that have no place, and why."""
        return [failure for failed in self._failures.values() for failure in failed]

    def take(
        self, frames: Sequence[Frame], found: Mapping[str, Sequence[Detection]]
    ) -> tuple[Observation, ...]:
        """Join what photos show; those that were there in the call before count as known.

        Args:
            frames: all photos so far; if one is gone or has changed, all are joined anew.
            found: detections by photo id.

        Returns:
            Observations, most certain first.
        """
        same = {f.photo_id for f in frames if self._frames.get(f.photo_id) == f}
        if same != self._frames.keys():
            self._forget()
        new = [frame for frame in frames if frame.photo_id not in self._frames]
        for frame in new:
            self._locate(frame, found.get(frame.photo_id, ()))
        if new:
            self._observations = self._joined([frame.photo_id for frame in new])
        return self._observations

    def _forget(self) -> None:
        for kept in (self._frames, self._sightings, self._footprints, self._failures):
            kept.clear()
        self._observations = ()

    def _locate(self, frame: Frame, found: Sequence[Detection]) -> None:
        ground, name = self._ground, frame.photo_id
        sightings, failures = locate(
            found,
            [frame],
            ground.terrain,
            ground.local,
            terrain_sigma_m=ground.terrain_sigma_m,
            terrain_has_roofs=ground.terrain_has_roofs,
            terrain_name=ground.terrain_name,
        )
        self._frames[name] = frame
        self._sightings[name] = sightings
        self._failures[name] = failures
        self._footprints |= footprints([frame], ground.terrain, ground.local, ground.scale)

    def _joined(self, new: Sequence[str]) -> tuple[Observation, ...]:
        """Join the sightings of new photos with those of all objects that they could change."""
        ground = self._ground
        shown: list[BaseGeometry] = [s.polygon for name in new for s in self._sightings[name]]
        shown += [self._footprints[name] for name in new if name in self._footprints]
        around = shapely.union_all(ground.local.all_to_local(shown)).buffer(REACH_M)
        shapely.prepare(around)
        stood = ground.local.all_to_local([entry.polygon for entry in self._observations])
        touched = shapely.intersects(around, stood).tolist()
        pairs = zip(self._observations, touched, strict=True)
        kept = [entry for entry, is_touched in pairs if not is_touched]
        held = {mark for entry in kept for mark in _marks(entry)}
        group = [
            sighting
            for sightings in self._sightings.values()
            for sighting in sightings
            if (sighting.detection.photo_id, sighting.detection.polygon_px.wkb) not in held
        ]
        fresh = associate(
            group,
            self._frames.values(),
            ground.grid,
            local=ground.local,
            footprints=self._footprints,
        )
        return tuple(sorted((*kept, *fresh), key=lambda o: (-o.score, o.observation_id)))


def _marks(entry: Observation) -> list[tuple[str, bytes]]:
    outlines = zip(entry.photo_ids, entry.detections_px, strict=True)
    return [(photo_id, outline.wkb) for photo_id, outline in outlines]

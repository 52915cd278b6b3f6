"""Which fewest viewpoints have all farmland of a cell in sight, and which sorties visit them."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import Array, LocalFrame
from geo.terrain import FlatTerrain, Terrain
from missions.errors import MissionError
from missions.grounds import Party, boundary_places, named, nearest_m, parts_of
from missions.inside import Inside
from missions.model import Drone, Sortie
from missions.panorama import panorama, shows
from missions.pattern import simplified
from missions.setcover import fewest_sets
from missions.settings import SurveySettings
from missions.sightlines import SampledGround, in_sight, sample_places
from missions.stations import Round, Shot, Station
from missions.timing import without_repeats
from missions.tour import round_trip, trip_m

_BELOW_CEILING_M = 5.0
_MOST_CANDIDATES, _MOST_TARGETS = 120, 900
_GROUND_STEP_M, _LEAST_STEP_M = 10.0, 10.0
_HOMES = 8

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LookoutSettings:
    """What counts as in sight.

    Attributes:
        range_m: farther farmland is not seen.
        target_height_m: above the ground, of what must be seen.
        wanted_share: of the farmland that can be seen from anywhere in the cell.
        overlap_share: of neighbouring photos of a panorama.
    """

    range_m: float = 2000.0
    target_height_m: float = 1.0
    wanted_share: float = 0.99
    overlap_share: float = 0.15

    def __post_init__(self) -> None:
        """Refuse settings under which nothing can be seen."""
        if not self.range_m > 0:
            raise MissionError(f"range_m must be above 0; got {self.range_m}")
        if not self.target_height_m >= 0:
            raise MissionError(f"target_height_m must be 0 or more; got {self.target_height_m}")
        if not 0 < self.wanted_share <= 1:
            raise MissionError(f"wanted_share must be above 0, at most 1; got {self.wanted_share}")
        if not 0 <= self.overlap_share <= 0.8:
            raise MissionError(f"overlap_share must be 0 to 0.8; got {self.overlap_share}")


def plan_lookout(
    area: Polygon | MultiPolygon,
    farmland: BaseGeometry,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    lookout: LookoutSettings | None = None,
    code: str = "lookout",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
) -> tuple[Sortie, ...]:
    """Plan flights to the fewest viewpoints in an area from which its farmland is in sight.

    At each viewpoint photos are taken all around, except directions without farmland. How much
    is in the photos of the plan tells `farmland_in_sight_share`.

    Args:
        area: the cell, lon/lat degrees; viewpoints and all ways are inside of it.
        farmland: polygons, lon/lat degrees; what lies outside of the area is left out.
        drone: what flies.
        settings: limits and the crew's place; viewpoints are `height_agl_m` above ground, or
            5 m below the ceiling if None.
        lookout: what counts as in sight.
        code: of the first sortie `CODE-1` and so on.
        cell_codes: of the cells that the area stands for; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.

    Raises:
        MissionError: there is no farmland, or the flight cannot be made; the message says why.
        TerrainError: the terrain does not know some ground.
    """
    pieces = parts_of(area)
    frame = LocalFrame.around(area)
    party = Party(drone, settings or SurveySettings(), frame, terrain or FlatTerrain(0.0))
    fields = shapely.make_valid(frame.to_local(farmland))
    sorties: list[Sortie] = []
    for part in pieces:
        local = frame.to_local(part)
        own = shapely.union_all([fields]).intersection(local)
        if own.area > 0:
            cell = _Cell.of(local, own, party, lookout or LookoutSettings())
            sorties += cell.sorties()
    if not sorties:
        raise MissionError(
            "no farmland lies in the area; check the layer, or plan a patrol instead"
        )
    return named(sorties, code, cell_codes)


def farmland_in_sight_share(
    sorties: tuple[Sortie, ...],
    farmland: BaseGeometry,
    drone: Drone,
    *,
    lookout: LookoutSettings | None = None,
    terrain: Terrain | None = None,
) -> float:
    """Share of farmland, lon/lat degrees, that is in a planned photo, in range and in sight."""
    lookout = lookout or LookoutSettings()
    frame = LocalFrame.around(farmland)
    party = Party(drone, SurveySettings(), frame, terrain or FlatTerrain(0.0))
    fields = shapely.make_valid(frame.to_local(farmland))
    targets, areas = _targets(fields, party, lookout)
    shots: dict[tuple[float, float, float], list[Shot]] = {}
    for sortie in sorties:
        for photo in sortie.photos:
            altitude = sortie.home.altitude_amsl_m + photo.height_home_m
            place = (photo.lon_deg, photo.lat_deg, altitude)
            shots.setdefault(place, []).append(Shot(photo.heading_deg, photo.pitch_deg))
    lonlat = np.array([place[:2] for place in shots]).reshape(-1, 2)
    eyes = np.column_stack([frame.xy_from_lonlat(lonlat), [place[2] for place in shots]])
    whole = shapely.union_all([fields, shapely.MultiPoint(eyes[:, :2])])
    ground = SampledGround.of(party.terrain, frame, whole, _GROUND_STEP_M)
    seen = np.zeros(len(targets), dtype=bool)
    for eye, taken in zip(eyes, shots.values(), strict=True):
        clear = in_sight(ground, eye, targets, lookout.range_m)
        seen |= clear & shows(taken, eye, targets, drone.camera, frame).any(axis=0)
    return float(areas[seen].sum() / areas.sum())


def _targets(fields: BaseGeometry, party: Party, lookout: LookoutSettings) -> tuple[Array, Array]:
    """What must be seen: places (N, 3) on farmland and the area that each stands for."""
    step = max(_LEAST_STEP_M, float(np.sqrt(fields.area / _MOST_TARGETS)))
    places, areas = sample_places(fields, step)
    altitudes = party.terrain.altitudes_amsl_m(party.frame.lonlat_from_xy(places))
    return np.column_stack([places, altitudes + lookout.target_height_m]), areas


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """One part of an area with its farmland, local metres."""

    area: Polygon
    party: Party
    lookout: LookoutSettings
    ground: SampledGround
    targets_m: Array
    areas_m2: Array

    @classmethod
    def of(
        cls, local: Polygon, fields: BaseGeometry, party: Party, lookout: LookoutSettings
    ) -> "_Cell":
        ground = SampledGround.of(party.terrain, party.frame, local, _GROUND_STEP_M)
        targets, areas = _targets(fields, party, lookout)
        return cls(simplified(local), party, lookout, ground, targets, areas)

    def sorties(self) -> list[Sortie]:
        eyes = self._candidates()
        seen = np.stack(
            [in_sight(self.ground, e, self.targets_m, self.lookout.range_m) for e in eyes]
        )
        middle = np.average(self.targets_m[:, :2], axis=0, weights=self.areas_m2)
        away = np.hypot(*(eyes[:, :2] - middle).T)
        chosen = fewest_sets(
            seen,
            self.areas_m2,
            wanted_share=self.lookout.wanted_share,
            costs=away / max(float(away.max()), 1.0),
        )
        if not chosen:
            raise MissionError(
                f"no farmland is within {self.lookout.range_m:g} m and in line of sight of any "
                "place in the cell. Raise the height or the range"
            )
        home, order, inside = self._trip(eyes[chosen])
        stations = self._stations(eyes[chosen][order], seen[chosen][order])
        transit = self._height_agl_m()
        trip = Round(self.party, home, transit, _Ways(self.area, home, inside), self.area)
        return trip.sorties(stations, self._coarsest_gsd_m(eyes[chosen], seen[chosen]))

    def _height_agl_m(self) -> float:
        settings = self.party.settings
        return settings.height_agl_m or settings.ceiling_agl_m - _BELOW_CEILING_M

    def _candidates(self) -> Array:
        """Possible viewpoints (N, 3), spread over the area."""
        step = float(np.sqrt(self.area.area / _MOST_CANDIDATES))
        places, _ = sample_places(self.area, step)
        altitudes = self.party.terrain.altitudes_amsl_m(self.party.frame.lonlat_from_xy(places))
        return np.column_stack([places, altitudes + self._height_agl_m()])

    def _trip(self, eyes_m: Array) -> tuple[Array, list[int], Inside]:
        """Home, the order of viewpoints on the shortest trip from there, and the ways inside."""
        inside, fixed = Inside(self.area), self.party.home_m()
        homes = [fixed] if fixed is not None else boundary_places(self.area, eyes_m[0, :2], _HOMES)
        trips = []
        for home in homes:
            gate = _gate(self.area, home)
            distances, _ = inside.distances(np.concatenate([gate[None], eyes_m[:, :2]]))
            order = round_trip(distances)
            trips.append((trip_m(order, distances), home, [place - 1 for place in order]))
        _, home, order = min(trips, key=lambda trip: trip[0])
        return home, order, inside

    def _stations(self, eyes_m: Array, seen: Flags) -> list[Station]:
        """Photos of each viewpoint: towards the horizon where farmland is, below where needed."""
        camera, frame = self.party.drone.camera, self.party.frame
        upper, *lower = panorama(camera, self.lookout.overlap_share)
        below = [shot for ring in lower for shot in ring]
        taken: list[list[Shot]] = []
        left = np.ones(len(self.targets_m), dtype=bool)
        for eye, clear in zip(eyes_m, seen, strict=True):
            found = shows(upper, eye, self.targets_m, camera, frame) & clear
            left &= ~found.any(axis=0)
            taken.append([s for s, any_in in zip(upper, found.any(axis=1), strict=True) if any_in])
        for number, (eye, clear) in enumerate(zip(eyes_m, seen, strict=True)):
            found = shows(below, eye, self.targets_m, camera, frame) & clear & left
            more = fewest_sets(found, self.areas_m2)
            left &= ~found[more].any(axis=0)
            taken[number] += [below[index] for index in more]
        pairs = zip(eyes_m, taken, strict=True)
        return [Station(eye, tuple(shots)) for eye, shots in pairs if shots]

    def _coarsest_gsd_m(self, eyes_m: Array, seen: Flags) -> float:
        """Metres per pixel across the view at the farthest farmland from its nearest viewpoint."""
        gaps = np.linalg.norm(self.targets_m[None] - eyes_m[:, None], axis=2)
        nearest = np.where(seen, gaps, np.inf).min(axis=0)
        farthest = float(nearest[np.isfinite(nearest)].max())
        return farthest / self.party.drone.camera.focal_px


def _gate(area: Polygon, home_m: Array) -> Array:
    return home_m if area.covers(shapely.Point(home_m)) else nearest_m(area, home_m)


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Shortest ways inside an area, through its gate where one end is the crew's place."""

    area: Polygon
    home_m: Array
    inside: Inside

    def __call__(self, start_m: Array, end_m: Array) -> Array:
        gates = [_gate(self.area, place) for place in (start_m, end_m)]
        path = self.inside.path(*gates)
        whole = without_repeats(np.concatenate([start_m[None], path, end_m[None]]))
        return whole if len(whole) > 1 else np.stack([start_m, end_m])

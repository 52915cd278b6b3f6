"""Which sorties photograph all of one polygon from above."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from geo.terrain import FlatTerrain, Terrain
from missions.course import planning_motion
from missions.energy import flight_cost
from missions.envelope import Envelope, choose_envelope
from missions.errors import MissionError
from missions.fence import fence_around
from missions.inside import Inside
from missions.items import Writer
from missions.model import Drone, Sortie
from missions.overshoot import overshot, with_straight_ends
from missions.pattern import cover, simplified
from missions.route import Route
from missions.settings import SurveySettings
from missions.sorties import (
    Budget,
    Flight,
    WayHome,
    estimated_seconds,
    route_sums,
    split,
    way_home,
)

LEAST_AREA_M2 = 25.0
_MOST_HOMES = 8


def plan_survey(
    area: Polygon | MultiPolygon,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    code: str = "survey",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
) -> tuple[Sortie, ...]:
    """Plan the flights that photograph an area; each part of a multipart area on its own.

    Args:
        area: lon/lat degrees; holes are not flown over.
        drone: what flies.
        settings: overlaps, height and limits; the usual ones if None.
        code: of the first sortie `CODE-1` and so on.
        cell_codes: of the cells that the area stands for; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.

    Raises:
        MissionError: the area cannot be flown; the message says why and what to change.
        TerrainError: the terrain does not know some ground that is flown over.
    """
    settings = settings or SurveySettings()
    parts = _parts(area)
    frame = LocalFrame.around(area)
    survey = _Survey(drone, settings, frame, terrain or FlatTerrain(0.0))
    sorties: list[Sortie] = []
    for part in parts:
        for plan, flight in survey.flights(frame.to_local(part)):
            name = f"{code}-{len(sorties) + 1}"
            sorties.append(survey.sortie(plan, flight, name, cell_codes or (code,)))
    return tuple(sorties)


def _parts(area: Polygon | MultiPolygon) -> list[Polygon]:
    if area.is_empty or not area.is_valid:
        raise MissionError("the area is empty or its outline crosses itself; repair it first")
    west, south, east, north = area.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise MissionError(
            f"the area from ({west:.6g}, {south:.6g}) to ({east:.6g}, {north:.6g}) is not in "
            "longitude and latitude degrees, longitude first"
        )
    parts = list(area.geoms) if isinstance(area, MultiPolygon) else [area]
    return sorted(parts, key=lambda part: -part.area)


COVERED_SHARE = 0.9995
"""Of a cell within half the row spacing: photos overlap, so no row is ever left out for it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Everything about one part of the area that its flights share, in local metres."""

    area: Polygon
    home_m: Array
    gate_m: Array
    envelope: Envelope
    budget: Budget


@dataclass(frozen=True, slots=True)
class _Survey:
    """What all parts of one area share."""

    drone: Drone
    settings: SurveySettings
    frame: LocalFrame
    terrain: Terrain

    def flights(self, area: Polygon) -> Iterator[tuple[_Place, Flight]]:
        """Plan the flights over one part of the area, in local metres."""
        if area.area < LEAST_AREA_M2:
            raise MissionError(
                f"an area of {area.area:.1f} m2 is too small to survey; {LEAST_AREA_M2:g} m2 at "
                "least. It may be a sliver left over from drawing"
            )
        shape = simplified(area)
        depot = self._depot_m()
        envelope = self._envelope(shape, depot)
        motion = planning_motion(self.drone, envelope.speed_m_s)
        route = cover(
            shape,
            envelope.row_spacing_m,
            motion,
            angle_deg=self._angle_deg(),
            wanted_share=COVERED_SHARE,
        )
        beyond = self.settings.overshoot_m
        route = overshot(route, beyond) if beyond else route
        inside = Inside(shape)
        homes = [depot] if depot is not None else self._homes(shape, route)
        places = [self._place(shape, home, envelope) for home in homes]
        place, way = self._best_place(route, places, inside)
        for flight in split(route, way, place.budget):
            yield place, with_straight_ends(flight, beyond) if beyond else flight

    def _best_place(
        self, route: Route, places: list[_Place], inside: Inside
    ) -> tuple[_Place, WayHome]:
        """The place to start from that makes all flights together shortest."""
        ways = [way_home(place.home_m, place.gate_m, inside) for place in places]
        if len(places) == 1:
            return places[0], ways[0]
        sums = route_sums(route, places[0].budget.mover)
        seconds = [
            estimated_seconds(route, way, place.budget, sums)
            for way, place in zip(ways, places, strict=True)
        ]
        best = int(np.argmin(np.round(seconds, 3)))
        return places[best], ways[best]

    def _depot_m(self) -> Array | None:
        if self.settings.home_lonlat_deg is None:
            return None
        depot: Array = self.frame.xy_from_lonlat(np.array([self.settings.home_lonlat_deg]))[0]
        return depot

    def _angle_deg(self) -> float | None:
        """Row direction counter-clockwise from the frame's east, if it is given."""
        heading = self.settings.row_heading_deg
        return None if heading is None else (90.0 - heading) % 180

    def _envelope(self, shape: Polygon, depot_m: Array | None) -> Envelope:
        flown: BaseGeometry = shape.buffer(self.settings.overshoot_m)
        if depot_m is not None and not shape.covers(Point(depot_m)):
            way = LineString([depot_m, _nearest(shape, depot_m)]).buffer(1.0)
            flown = shapely.union(shape, way)
        assert isinstance(flown, Polygon)
        return choose_envelope(flown, self.frame, self.terrain, self.drone, self.settings)

    def _homes(self, shape: Polygon, route: Route) -> list[Array]:
        """Places on the outer boundary where a crew could stand, the route's start first."""
        ring = shape.exterior
        start = ring.project(Point(route.rows[0, 0]))
        shares = np.arange(_MOST_HOMES) / _MOST_HOMES
        along = (start + shares * ring.length) % ring.length
        return [shapely.get_coordinates(ring.interpolate(float(d)))[0] for d in along]

    def _place(self, shape: Polygon, home_m: Array, envelope: Envelope) -> _Place:
        gate = home_m if shape.covers(Point(home_m)) else _nearest(shape, home_m)
        ground = self.terrain.altitudes_amsl_m(self.frame.lonlat_from_xy(home_m[None]))[0]
        climb = envelope.altitude_amsl_m - float(ground)
        budget = Budget(self.drone, envelope.speed_m_s, climb, self.settings.wind)
        return _Place(shape, home_m, gate, envelope, budget)

    def sortie(
        self, place: _Place, flight: Flight, code: str, cell_codes: tuple[str, ...]
    ) -> Sortie:
        """Write one flight down as a mission."""
        envelope, budget = place.envelope, place.budget
        height = round(budget.climb_m, 2)
        lon, lat = self.frame.lonlat_from_xy(place.home_m[None])[0]
        photo_spacing = round(envelope.photo_spacing_m, 2)
        writer = Writer.for_drone(self.drone, self.frame, height, envelope.speed_m_s, photo_spacing)
        margin = self.settings.fence_margin_m
        area = place.area.buffer(self.settings.overshoot_m)
        fence = fence_around(area, place.home_m, place.gate_m, margin)
        home = GeoPoint(
            round(float(lon), 7), round(float(lat), 7), envelope.altitude_amsl_m - height
        )
        items = writer.items(flight)
        cost = flight_cost(home, items, self.drone, self.settings.wind)
        return Sortie(
            code=code,
            cell_codes=cell_codes,
            drone_key=self.drone.key,
            home=home,
            items=items,
            fence=shapely.transform(self.frame.to_lonlat(fence), lambda xy: np.round(xy, 7)),
            photos=writer.photos(flight),
            speed_m_s=envelope.speed_m_s,
            height_home_m=height,
            gsd_m=envelope.gsd_m,
            distance_m=round(flight.distance_m, 1),
            duration_s=round(cost.duration_s, 1),
            speed_limit=envelope.speed_limit,
            wind_m_s=self.settings.wind_m_s,
            energy_wh=round(cost.energy_wh, 3),
            battery_share=round(cost.battery_share, 4),
            ceiling_home_m=round(height + self.settings.ceiling_agl_m - envelope.highest_agl_m, 1),
        )


def _nearest(shape: Polygon, point_m: Array) -> Array:
    """Place of a polygon that is nearest to a point outside."""
    line = shapely.shortest_line(shape, Point(point_m))
    nearest: Array = shapely.get_coordinates(line)[0]
    return nearest

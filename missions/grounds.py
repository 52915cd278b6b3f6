"""From where and inside what is a route over one area flown, and what is its sortie."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import LineString, Point, Polygon

from geo.frames import Array, LocalFrame
from geo.pose import GeoPoint
from geo.terrain import Terrain
from missions.energy import flight_cost
from missions.envelope import Envelope, choose_envelope
from missions.errors import MissionError
from missions.fence import fence_around
from missions.inside import Inside
from missions.model import Drone, Sortie
from missions.route import Route
from missions.runs import FIRST_TURN_S, RunWriter
from missions.settings import SurveySettings
from missions.sight import Pace
from missions.sorties import (
    Budget,
    Flight,
    WayHome,
    estimated_seconds,
    reach_m,
    route_sums,
    split,
    way_home,
)

_MOST_HOMES = 8
_ANY_M = 20_000.0  # a height above all ground


@dataclass(frozen=True, slots=True)
class Relief:
    """Altitudes of the ground somewhere, above mean sea level."""

    lowest_m: float
    median_m: float
    highest_m: float


@dataclass(frozen=True, slots=True)
class Party:
    """What all flights of one plan share.

    Attributes:
        frame: local metres of everything.
    """

    drone: Drone
    settings: SurveySettings
    frame: LocalFrame
    terrain: Terrain

    def home_m(self) -> Array | None:
        """Local place of the crew where the settings give one."""
        if self.settings.home_lonlat_deg is None:
            return None
        home: Array = self.frame.xy_from_lonlat(np.array([self.settings.home_lonlat_deg]))[0]
        return home

    def require_reach(self, area: Polygon) -> None:
        """Refuse an area so wide that no home lies near enough to all of it.

        However home is chosen, some corner is as far away as the smallest circle around is wide.
        """
        furthest = float(shapely.minimum_bounding_radius(area))
        reach = reach_m(self.drone, self.settings.wind)
        if furthest > reach:
            raise MissionError(
                f"the area is {2 * furthest / 1000:.0f} km across; {self.drone.name} comes home "
                f"from {reach / 1000:.1f} km at most, so no place to start from is near enough to "
                "all of it. Cut it into cells"
            )

    def envelope(self, area: Polygon) -> Envelope:
        """Height, by the settings, for all that is flown in an area and on the way to it."""
        return self._envelope(self._with_way(area), self.settings)

    def check_altitude(self, area: Polygon, altitude_amsl_m: float) -> None:
        """Refuse an altitude that is too high or too low somewhere in an area or on the way."""
        flown = self._with_way(area)
        height = altitude_amsl_m - self.relief(flown).median_m
        self._envelope(flown, replace(self.settings, height_agl_m=height, gsd_m=None))

    def relief(self, area: Polygon) -> Relief:
        """Altitudes of the ground in an area, local metres."""
        free = replace(
            self.settings, height_agl_m=_ANY_M, gsd_m=None, ceiling_agl_m=np.inf, floor_agl_m=0.0
        )
        found = self._envelope(area, free)
        altitude = found.altitude_amsl_m
        return Relief(
            altitude - found.highest_agl_m, altitude - _ANY_M, altitude - found.lowest_agl_m
        )

    def _envelope(self, area: Polygon, settings: SurveySettings) -> Envelope:
        return choose_envelope(area, self.frame, self.terrain, self.drone, settings)

    def _with_way(self, area: Polygon) -> Polygon:
        """An area and the straight way to it from the crew's place."""
        home = self.home_m()
        if home is None or area.covers(Point(home)):
            return area
        way = LineString([home, nearest_m(area, home)]).buffer(1.0)
        joined = shapely.union(area, way)
        assert isinstance(joined, Polygon)
        return joined

    def ground_m(self, point_m: Array) -> float:
        """Altitude of the ground at a local place."""
        lonlat = self.frame.lonlat_from_xy(np.asarray(point_m, dtype=np.float64)[None, :2])
        return float(self.terrain.altitudes_amsl_m(lonlat)[0])


@dataclass(frozen=True, slots=True)
class Grounds:
    """An area that is flown over, at which altitude and how fast, in local metres.

    Attributes:
        beyond_m: so far outside of the area rows are overshot.
    """

    party: Party
    area: Polygon
    altitude_amsl_m: float
    pace: Pace
    beyond_m: float = 0.0

    def flights(self, route: Route) -> tuple[Array, list[Flight]]:
        """Home and flights of a route: from the crew's place, or the best on the boundary.

        Raises:
            MissionError: the route cannot be flown from there.
        """
        fixed, inside, refusal = self.party.home_m(), Inside(self.area), None
        homes = self._fastest_first(route, inside) if fixed is None else [fixed]
        for home in homes:
            try:
                return home, split(route, self._way(home, inside), self._budget(home))
            except MissionError as error:
                refusal = refusal or error
        raise refusal or MissionError("there is no place to start from")

    def _fastest_first(self, route: Route, inside: Inside) -> list[Array]:
        """Places where a crew could stand, by the time that all flights take from there."""
        homes = self._homes(route)
        sums = route_sums(route, self._budget(homes[0]).mover)
        seconds = []
        for home in homes:
            try:
                way, budget = self._way(home, inside), self._budget(home)
                seconds.append(round(estimated_seconds(route, way, budget, sums), 3))
            except MissionError:  # told when it is tried
                seconds.append(np.inf)
        return [homes[number] for number in np.argsort(seconds, kind="stable")]

    def sortie(
        self,
        home_m: Array,
        flight: Flight,
        writer: RunWriter,
        *,
        gsd_m: float,
    ) -> Sortie:
        """Write one flight down as a mission without a code; the writer's height is set here."""
        party, settings = self.party, self.party.settings
        budget = self._budget(home_m)
        height = round(budget.climb_m, 2)
        items = replace(writer, height_home_m=height).items(flight)
        home = geo_point(party.frame, home_m, self.altitude_amsl_m - height)
        flown = self.area.buffer(self.beyond_m) if self.beyond_m else self.area
        fence = fence_around(flown, home_m, self._gate(home_m), settings.fence_margin_m)
        cost = flight_cost(home, items, party.drone, settings.wind)
        return Sortie(
            code="unnamed",
            cell_codes=(),
            drone_key=party.drone.key,
            home=home,
            items=items,
            fence=rounded(party.frame, fence),
            photos=replace(writer, height_home_m=height).photos(flight),
            speed_m_s=self.pace.speed_m_s,
            height_home_m=height,
            gsd_m=gsd_m,
            distance_m=round(flight.distance_m, 1),
            duration_s=round(cost.duration_s, 1),
            speed_limit=self.pace.limit,
            wind_m_s=settings.wind_m_s,
            energy_wh=round(cost.energy_wh, 3),
            battery_share=round(cost.battery_share, 4),
        )

    def _budget(self, home_m: Array) -> Budget:
        climb = self.altitude_amsl_m - self.party.ground_m(home_m)
        drone, settings = self.party.drone, self.party.settings
        turn_wh = drone.hover_w * FIRST_TURN_S / 3600
        kept = drone.reserve_share + turn_wh / drone.battery_wh
        careful = replace(drone, reserve_share=kept)
        return Budget(careful, self.pace.speed_m_s, climb, settings.wind)

    def _way(self, home_m: Array, inside: Inside) -> WayHome:
        return way_home(home_m, self._gate(home_m), inside)

    def _gate(self, home_m: Array) -> Array:
        return home_m if self.area.covers(Point(home_m)) else nearest_m(self.area, home_m)

    def _homes(self, route: Route) -> list[Array]:
        """Places on the outer boundary where a crew could stand, the route's start first."""
        return boundary_places(self.area, route.rows[0, 0], _MOST_HOMES)


def boundary_places(area: Polygon, first_m: Array, count: int) -> list[Array]:
    """Places along the outer boundary, evenly apart, the first nearest to a point."""
    ring = area.exterior
    along = ring.project(Point(first_m)) + np.arange(count) / count * ring.length
    return [shapely.get_coordinates(ring.interpolate(float(d % ring.length)))[0] for d in along]


def nearest_m(area: Polygon, point_m: Array) -> Array:
    """Place of a polygon that is nearest to a point outside."""
    nearest: Array = shapely.get_coordinates(shapely.shortest_line(area, Point(point_m)))[0]
    return nearest


def geo_point(frame: LocalFrame, point_m: Array, altitude_amsl_m: float) -> GeoPoint:
    """A local place in degrees, to the whole 1e-7 that missions carry."""
    lon, lat = frame.lonlat_from_xy(np.asarray(point_m, dtype=np.float64)[None, :2])[0]
    return GeoPoint(round(float(lon), 7), round(float(lat), 7), float(altitude_amsl_m))


def rounded(frame: LocalFrame, area: Polygon) -> Polygon:
    """A local polygon in degrees, to the whole 1e-7 that missions carry."""
    return shapely.transform(frame.to_lonlat(area), lambda xy: np.round(xy, 7))


def named(sorties: Iterable[Sortie], code: str, cell_codes: tuple[str, ...]) -> tuple[Sortie, ...]:
    """Name sorties CODE-1 and so on; cells are called like the code where none are given."""
    return tuple(
        replace(sortie, code=f"{code}-{number}", cell_codes=cell_codes or (code,))
        for number, sortie in enumerate(sorties, 1)
    )


def parts_of(area: Polygon | shapely.MultiPolygon) -> list[Polygon]:
    """Parts of a valid area in lon/lat degrees, the largest first."""
    if area.is_empty or not area.is_valid:
        raise MissionError("the area is empty or its outline crosses itself; repair it first")
    west, south, east, north = area.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise MissionError(
            f"the area from ({west:.6g}, {south:.6g}) to ({east:.6g}, {north:.6g}) is not in "
            "longitude and latitude degrees, longitude first"
        )
    parts = list(area.geoms) if isinstance(area, shapely.MultiPolygon) else [area]
    return sorted(parts, key=lambda part: -part.area)

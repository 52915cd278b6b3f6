"""Which sorties bring home a far, a middle and a near photo of cases, with the sun behind.

The camera stands between the sun and the case, as far away as the case fills the wanted share of
the picture, and never nearer or lower than is safe. A last photo looks straight down: from the side
a wall looks like ground behind the case, so only from above its size can be held against before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from shapely import MultiPolygon, Point, Polygon

from geo.frames import Array, LocalFrame
from geo.terrain import FlatTerrain, Terrain, ground_from_rays
from missions.errors import MissionError
from missions.grounds import Party, named
from missions.model import Drone, Sortie
from missions.panorama import shows
from missions.releases import heading_deg
from missions.settings import SurveySettings
from missions.stations import Round, Shot, Station
from missions.sun import SunPosition, sun_position
from missions.tour import round_trip

_TURNS_DEG = tuple(sign * turn for turn in range(0, 90, 15) for sign in (1, -1))[1:]
_ALL_ROUND_DEG = tuple(range(0, 360, 30))
_FARTHER = 1.15  # step back so much where the case does not fit
_MOST_STEPS = 20
_BEHIND_M = 40.0  # the far photo's place, from where the crew then starts
_BELOW_CEILING_M = 1.0  # a vehicle does not keep its height to the centimetre
_TIPPED_DEG = -89.0  # steeper, the heading of a view says nothing
_HIDDEN_M = 3.0  # of a line of sight that may end before the case, for the terrain's own error


@dataclass(frozen=True, slots=True)
class RevisitCase:
    """What to photograph: a case's number and its outline, lon/lat degrees."""

    case_no: str
    polygon: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class RevisitSettings:
    """How near to go.

    Attributes:
        fill_shares: of the picture's shorter side that the case takes, far, middle and near.
        pitches_deg: of the gimbal for these.
        standoff_m: least level distance from the case's outline.
        farthest_m: most level distance from its middle.
        object_height_m: of what stands there; it has to be in the picture, and the camera stays
            `clearance_m` above it.
        clearance_m: see `object_height_m`.
        above_share: of the picture's shorter side that the case takes from straight above.
    """

    fill_shares: tuple[float, float, float] = (0.15, 0.40, 0.75)
    pitches_deg: tuple[float, float, float] = (-30.0, -40.0, -50.0)
    standoff_m: float = 15.0
    farthest_m: float = 250.0
    object_height_m: float = 6.0
    clearance_m: float = 15.0
    above_share: float = 0.3

    def __post_init__(self) -> None:
        """Refuse shares and angles that make no photos."""
        if not all(0 < share <= 0.9 for share in self.fill_shares):
            raise MissionError(f"fill_shares must be above 0, at most 0.9; got {self.fill_shares}")
        if not 0 < self.above_share <= 0.9:
            raise MissionError(f"above_share must be above 0, at most 0.9; got {self.above_share}")
        if not all(-80 <= pitch <= -10 for pitch in self.pitches_deg):
            raise MissionError(f"pitches_deg must be -80 to -10; got {self.pitches_deg}")
        for name in ("standoff_m", "farthest_m", "clearance_m"):
            if not getattr(self, name) > 0:
                raise MissionError(f"{name} must be above 0; got {getattr(self, name)}")
        if not self.object_height_m >= 0:
            raise MissionError(f"object_height_m must be 0 or more; got {self.object_height_m}")


def plan_revisit(
    cases: Sequence[RevisitCase],
    when: datetime,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    revisit: RevisitSettings | None = None,
    code: str = "revisit",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
) -> tuple[Sortie, ...]:
    """Plan flights that photograph each case from far, middle and near, and from above.

    A case that is too large for a picture from above has no such photo.

    Args:
        cases: in any order; flown on a short trip.
        when: time of the flight with its time zone, which says where the sun is.
        drone: what flies.
        settings: floor, ceiling and the crew's place; without one, each case is a flight of its
            own from behind its far photo.
        revisit: how near to go.
        code: of the first sortie `CODE-1` and so on.
        cell_codes: of the cells that the cases lie in; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.

    Raises:
        MissionError: a case cannot be photographed safely; the message says why.
        TerrainError: the terrain does not know some ground.
    """
    if not cases:
        raise MissionError("there are no cases to revisit; choose at least one")
    outlines = [case.polygon for case in cases]
    frame = LocalFrame.around(shapely.union_all(outlines))
    party = Party(drone, settings or SurveySettings(), frame, terrain or FlatTerrain(0.0))
    wanted = revisit or RevisitSettings()
    subjects = [_Subject.of(case, when, party, wanted) for case in cases]
    home = party.home_m()
    if home is None:
        trips = [_trip([subject], subject.home_m()) for subject in subjects]
        return named((sortie for trip in trips for sortie in trip), code, cell_codes)
    return named(_trip(_in_order(subjects, home), home), code, cell_codes)


@dataclass(frozen=True, slots=True, eq=False)
class _Subject:
    """One case as the camera has to see it, local metres.

    Attributes:
        middle_m: x, y, altitude (3,) of its middle.
        body_m: corners of its hull on the ground and at the object's height, (N, 3).
    """

    case: RevisitCase
    outline: Polygon | MultiPolygon
    middle_m: Array
    body_m: Array
    party: Party
    wanted: RevisitSettings
    stations: tuple[Station, ...] = ()

    @classmethod
    def of(
        cls, case: RevisitCase, when: datetime, party: Party, wanted: RevisitSettings
    ) -> "_Subject":
        outline = party.frame.to_local(case.polygon)
        hull = shapely.get_coordinates(outline.convex_hull.segmentize(20.0))
        lonlat = party.frame.lonlat_from_xy(hull)
        ground = party.terrain.altitudes_amsl_m(lonlat)
        if outline.is_empty or not np.isfinite(ground).all():
            raise MissionError(
                f"case {case.case_no}: its outline is empty or the terrain model does not know "
                "the ground there"
            )
        tops = [np.column_stack([hull, ground + height]) for height in (0, wanted.object_height_m)]
        body = np.concatenate(tops)
        centre = shapely.get_coordinates(shapely.minimum_bounding_circle(outline).centroid)[0]
        altitude = (body[:, 2].min() + body[:, 2].max()) / 2
        bare = cls(case, outline, np.array([*centre, altitude]), body, party, wanted)
        lon, lat = lonlat.mean(axis=0).tolist()
        stations = bare._found(sun_position(when, lon, lat))
        return cls(case, outline, bare.middle_m, body, party, wanted, stations)

    def _found(self, sun: SunPosition) -> tuple[Station, ...]:
        """Stations on the side nearest to the sun from which everything is safe and in view."""
        refusal: MissionError | None = None
        for azimuth in self._sides_deg(sun):
            try:
                aside = [
                    self._station(azimuth, share, pitch)
                    for share, pitch in zip(
                        self.wanted.fill_shares, self.wanted.pitches_deg, strict=True
                    )
                ]
                return (*aside, *self._above(aside[-1].shots[0]))
            except MissionError as error:
                refusal = refusal or error
        raise refusal or MissionError(f"case {self.case.case_no}: there is no side to look from")

    def _sides_deg(self, sun: SunPosition) -> list[float]:
        """True azimuths from the case to the camera, the best first; the sun's back always."""
        if sun.gives_a_side:
            return [sun.azimuth_deg, *(sun.azimuth_deg + turn for turn in _TURNS_DEG)]
        home, first = self.party.home_m(), 180.0
        if home is not None:
            east, north = home - self.middle_m[:2]
            first = float(np.degrees(np.arctan2(east, north)))
        return [first + turn for turn in _ALL_ROUND_DEG]

    def _station(self, azimuth_deg: float, fill_share: float, pitch_deg: float) -> Station:
        """Where the case takes its share of the picture; farther where it would not fit."""
        camera = self.party.drone.camera
        extent = self._extent_m()
        shorter_px = min(camera.width_px, camera.height_px)
        slant = extent * camera.focal_px / (fill_share * shorter_px)
        slant = min(slant, self.wanted.farthest_m / np.cos(np.radians(pitch_deg)))
        for _ in range(_MOST_STEPS):
            place = self._place(azimuth_deg, slant, pitch_deg)
            shot = self._shot(place)
            if shows([shot], place, self.body_m, camera, self.party.frame).all():
                self._check_view(place)
                return Station(place, (shot,))
            slant *= _FARTHER
        raise MissionError(
            f"case {self.case.case_no}, {extent:.0f} m across, does not fit into a picture from "
            f"{self.party.settings.ceiling_agl_m:g} m above ground. Plan a survey of it instead"
        )

    def _above(self, near: Shot) -> Iterator[Station]:
        """A place straight above, with the nose as in the near photo, if the case fits from it."""
        camera, settings = self.party.drone.camera, self.party.settings
        shorter_px = min(camera.width_px, camera.height_px)
        ground = self.party.ground_m(self.middle_m[:2])
        slant = self._extent_m() * camera.focal_px / (self.wanted.above_share * shorter_px)
        lowest = max(ground + settings.floor_agl_m, self._lowest_m())
        highest = ground + settings.ceiling_agl_m - _BELOW_CEILING_M
        altitude = max(lowest, min(self.middle_m[2] + slant, highest))
        place = np.array([*self.middle_m[:2], altitude])
        shot = Shot(near.heading_deg, _TIPPED_DEG)
        fits = shows([shot], place, self.body_m, camera, self.party.frame).all()
        if fits and altitude <= highest:
            yield Station(place, (shot,))

    def _extent_m(self) -> float:
        return 2 * float(np.linalg.norm(self.body_m - self.middle_m, axis=1).max())

    def _lowest_m(self) -> float:
        """Least altitude of the camera above what stands there."""
        return float(self.body_m[:, 2].max()) + self.wanted.clearance_m

    def _place(self, azimuth_deg: float, slant_m: float, pitch_deg: float) -> Array:
        """Camera place (3,) at a slant distance: not too low, too high or too near."""
        settings, wanted = self.party.settings, self.wanted
        lon, lat = self.party.frame.lonlat_from_xy(self.middle_m[None, :2])[0].tolist()
        bearing = np.radians(azimuth_deg - self.party.frame.convergence_deg(lon, lat))
        away = np.array([np.sin(bearing), np.cos(bearing)])
        level = slant_m * np.cos(np.radians(pitch_deg))
        while (gap := self._gap_m(self.middle_m[:2] + level * away)) < wanted.standoff_m - 1e-6:
            level += wanted.standoff_m - gap
        place = self.middle_m[:2] + level * away
        ground = self.party.ground_m(place)
        highest = ground + settings.ceiling_agl_m - _BELOW_CEILING_M
        lowest = max(ground + settings.floor_agl_m, self._lowest_m())
        altitude = self.middle_m[2] + slant_m * np.sin(np.radians(-pitch_deg))
        altitude = max(lowest, min(altitude, highest))
        if not altitude <= highest:
            raise MissionError(
                f"case {self.case.case_no}: {wanted.clearance_m:g} m above it is more than the "
                f"ceiling of {settings.ceiling_agl_m:g} m above the ground where the camera would "
                "be, or that ground is not known"
            )
        return np.array([*place, altitude])

    def _gap_m(self, place_m: Array) -> float:
        """Level distance from the outline."""
        return float(self.outline.distance(Point(place_m)))

    def _shot(self, place_m: Array) -> Shot:
        """Look at the middle."""
        ahead = self.middle_m - place_m
        pitch = float(np.degrees(np.arctan2(ahead[2], np.hypot(*ahead[:2]))))
        way = np.stack([place_m[:2], self.middle_m[:2]])
        return Shot(round(heading_deg(way, self.party.frame), 2), round(max(pitch, _TIPPED_DEG), 1))

    def _check_view(self, place_m: Array) -> None:
        """Refuse a place from which the ground hides the case."""
        rays = self.body_m + np.array([0.0, 0.0, 1.0]) - place_m
        hits = ground_from_rays(self.party.terrain, self.party.frame, place_m, rays)
        short = np.linalg.norm(rays, axis=1) - np.linalg.norm(hits - place_m, axis=1)
        if (short > _HIDDEN_M).any():  # a ray that meets no ground is not short: NaN
            raise MissionError(
                f"case {self.case.case_no} is hidden by the ground from "
                f"{np.hypot(*(place_m - self.middle_m)[:2]):.0f} m away on the sun's side; raise "
                "the ceiling or choose another time"
            )

    def home_m(self) -> Array:
        """A place to start from on the far side of the far photo."""
        far = self.stations[0].place_m[:2]
        away = far - self.middle_m[:2]
        home: Array = far + _BEHIND_M * away / np.hypot(*away)
        return home

    def near_gsd_m(self) -> float:
        """Metres per pixel across the view in the near photo."""
        near = self.stations[len(self.wanted.fill_shares) - 1]
        away = float(np.linalg.norm(near.place_m - self.middle_m))
        return away / self.party.drone.camera.focal_px


def _in_order(subjects: Sequence[_Subject], home_m: Array) -> list[_Subject]:
    places = np.array([home_m, *(subject.middle_m[:2] for subject in subjects)])
    gaps = places[:, None] - places[None]
    return [subjects[index - 1] for index in round_trip(np.hypot(gaps[..., 0], gaps[..., 1]))]


def _trip(subjects: Sequence[_Subject], home_m: Array) -> Iterator[Sortie]:
    """Sorties to cases in order, half way between floor and ceiling from one to the next."""
    party = subjects[0].party
    transit = (party.settings.floor_agl_m + party.settings.ceiling_agl_m) / 2
    stations = [station for subject in subjects for station in subject.stations]
    coarsest = max(subject.near_gsd_m() for subject in subjects)
    yield from Round(party, home_m, transit, _straight).sorties(stations, coarsest)


def _straight(start_m: Array, end_m: Array) -> Array:
    return np.stack([start_m, end_m])

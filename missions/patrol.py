"""Which sorties look at every place of a cell once, as finely as wanted and no finer."""

from dataclasses import dataclass

import numpy as np
from shapely import MultiPolygon, Polygon

from geo.frames import LocalFrame
from geo.terrain import FlatTerrain, Terrain
from missions.course import planning_motion
from missions.errors import MissionError
from missions.grounds import Grounds, Party, Relief, named, parts_of
from missions.model import Drone, Sortie
from missions.passes import (
    Pass,
    View,
    look_of_heading_deg,
    plan_pass,
    true_heading_deg,
    with_spots,
)
from missions.pattern import simplified
from missions.runs import RunWriter
from missions.settings import SurveySettings
from missions.sight import pace, sure_sight

_TRIED_HEIGHTS = 41
_BELOW_CEILING_M = 1.0  # a vehicle does not keep its height to the centimetre
_NADIR_DEG = -90.0


@dataclass(frozen=True, slots=True)
class PatrolSettings:
    """How a sparse look is taken.

    Attributes:
        gsd_m: coarsest metres of ground per pixel anywhere, along the direction of view.
        pitch_deg: of the gimbal, -90 straight down; a tilted camera sees wider strips.
        heading_deg: true direction of view; the one with the fastest rows if None.
        overlap_share: of neighbouring photos and rows, for the doubt of position and attitude.
        wanted_share: of the cell that photos must show.
    """

    gsd_m: float = 0.15
    pitch_deg: float = _NADIR_DEG
    heading_deg: float | None = None
    overlap_share: float = 0.10
    wanted_share: float = 0.999

    def __post_init__(self) -> None:
        """Refuse settings that no patrol can be flown with."""
        if not self.gsd_m > 0:
            raise MissionError(f"gsd_m must be above 0; got {self.gsd_m}")
        if not -90 <= self.pitch_deg <= -10:
            raise MissionError(f"pitch_deg must be -90 to -10; got {self.pitch_deg}")
        if not 0 <= self.overlap_share <= 0.9:
            raise MissionError(f"overlap_share must be 0 to 0.9; got {self.overlap_share}")
        if not 0 < self.wanted_share <= 1:
            raise MissionError(f"wanted_share must be above 0, at most 1; got {self.wanted_share}")


def plan_patrol(
    area: Polygon | MultiPolygon,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    patrol: PatrolSettings | None = None,
    code: str = "patrol",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
) -> tuple[Sortie, ...]:
    """Plan flights in which every place of an area is in a photo at least once.

    Straight down all rows stay inside the area. With a tilted camera they are shifted against the
    direction of view, so part of the flight is outside; the geofence says where.

    Args:
        area: lon/lat degrees; holes need not be seen.
        drone: what flies.
        settings: limits and the crew's place. The height is the one with the fewest rows unless
            `height_agl_m` is given; its `gsd_m` and overlaps are not used.
        patrol: how to look.
        code: of the first sortie `CODE-1` and so on.
        cell_codes: of the cells that the area stands for; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.

    Raises:
        MissionError: the area cannot be seen so; the message says why and what to change.
        TerrainError: the terrain does not know some ground.
    """
    pieces = parts_of(area)
    frame = LocalFrame.around(area)
    party = Party(drone, settings or SurveySettings(), frame, terrain or FlatTerrain(0.0))
    planner = _Patrol(party, patrol or PatrolSettings())
    parts = [frame.to_local(part) for part in pieces]
    return named((s for part in parts for s in planner.sorties(part)), code, cell_codes)


@dataclass(frozen=True, slots=True)
class _Patrol:
    party: Party
    patrol: PatrolSettings

    def sorties(self, part: Polygon) -> list[Sortie]:
        """Sorties over one part of the area, local metres."""
        shape = simplified(part)
        altitude, view = self._best_view(self.party.relief(shape))
        self.party.require_reach(shape)
        drone = self.party.drone
        fast = pace(drone, self.party.settings, view.photo_spacing_m, view.sight)
        motion = planning_motion(drone, fast.speed_m_s)
        flown = with_spots(
            plan_pass(shape, view.released(fast.speed_m_s), motion, self._look_deg()),
            part,
            self.patrol.wanted_share,
        )
        self.party.check_altitude(flown.area, altitude)
        grounds = Grounds(self.party, flown.area, altitude, fast)
        home, flights = grounds.flights(flown.route)
        writer = self._writer(flown, fast.speed_m_s, round(view.photo_spacing_m, 2))
        gsd = view.sight.gsd_m
        return [grounds.sortie(home, flight, writer, gsd_m=gsd) for flight in flights]

    def _look_deg(self) -> float | None:
        heading = self.patrol.heading_deg
        return None if heading is None else look_of_heading_deg(heading)

    def _best_view(self, relief: Relief) -> tuple[float, View]:
        """Altitude and view with the widest rows that limits and GSD allow."""
        settings, tried = self.party.settings, []
        lowest = relief.highest_m + settings.floor_agl_m
        highest = relief.lowest_m + settings.ceiling_agl_m - _BELOW_CEILING_M
        altitudes = np.linspace(lowest, highest, _TRIED_HEIGHTS).tolist()
        if settings.height_agl_m is not None:
            altitudes = [relief.median_m + settings.height_agl_m]
        elif lowest > highest:
            raise MissionError(
                f"the ground varies by {relief.highest_m - relief.lowest_m:.0f} m, more than "
                f"between floor ({settings.floor_agl_m:g} m) and ceiling "
                f"({settings.ceiling_agl_m:g} m). Split the cell where its height changes"
            )
        refusal: MissionError | None = None
        for altitude in altitudes:
            try:
                tried.append((altitude, self._view(altitude, relief)))
            except MissionError as error:
                refusal = error
        if not tried:
            raise refusal or MissionError("there is no height to fly at")
        return max(tried, key=lambda found: found[1].row_spacing_m)

    def _view(self, altitude_m: float, relief: Relief) -> View:
        patrol = self.patrol
        sight = sure_sight(
            self.party.drone.camera,
            patrol.pitch_deg,
            altitude_m - relief.highest_m,
            altitude_m - relief.lowest_m,
            worst_gsd_m=patrol.gsd_m,
        )
        ways = [
            View.of(sight, patrol.overlap_share, patrol.overlap_share, along=along)
            for along in (True, False)
        ]
        return max(ways, key=lambda view: view.row_spacing_m)

    def _writer(self, flown: Pass, speed: float, spacing: float) -> RunWriter:
        """Straight down the nose may point along each row; a tilted view keeps its heading."""
        turns = self.patrol.pitch_deg == _NADIR_DEG and flown.view.along
        nose = None if turns else true_heading_deg(flown.look_deg, self.party.frame)
        return RunWriter(
            self.party.drone, self.party.frame, 0.0, speed, spacing, self.patrol.pitch_deg, nose
        )

"""Which sorties photograph an area from one tilted direction, or from five."""

from dataclasses import dataclass, replace

from shapely import MultiPolygon, Polygon

from geo.footprint import gsd_m
from geo.frames import LocalFrame
from geo.terrain import FlatTerrain, Terrain
from missions.course import planning_motion
from missions.errors import MissionError
from missions.grounds import Grounds, Party, named, parts_of
from missions.model import Drone, Sortie
from missions.passes import View, look_of_heading_deg, plan_pass, true_heading_deg, with_spots
from missions.pattern import simplified
from missions.runs import RunWriter
from missions.settings import SurveySettings
from missions.sight import Pace, pace, sure_sight

_NADIR_DEG = -90.0
_WANTED_SHARE = 0.9999
_COARSEST = 3.0  # times the GSD straight below


@dataclass(frozen=True, slots=True)
class ObliqueSettings:
    """From which sides to look.

    Attributes:
        directions: 1 tilted direction, or 5: straight down and tilted from four sides.
        pitch_deg: of the tilted views.
        heading_deg: true direction of the first tilted view; if None the one in which rows over
            the area are fastest.
        gsd_m: ground that a tilted view shows more coarsely, along the view, does not count for
            overlaps; three times the GSD straight below if None.
    """

    directions: int = 5
    pitch_deg: float = -45.0
    heading_deg: float | None = None
    gsd_m: float | None = None

    def __post_init__(self) -> None:
        """Refuse directions and angles that make no oblique survey."""
        if self.directions not in (1, 5):
            raise MissionError(f"directions must be 1 or 5; got {self.directions}")
        if not -85 <= self.pitch_deg <= -20:
            raise MissionError(f"pitch_deg must be -85 to -20; got {self.pitch_deg}")
        if self.gsd_m is not None and not self.gsd_m > 0:
            raise MissionError(f"gsd_m must be above 0; got {self.gsd_m}")


def plan_oblique(
    area: Polygon | MultiPolygon,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    oblique: ObliqueSettings | None = None,
    code: str = "oblique",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
) -> tuple[Sortie, ...]:
    """Plan flights that show every place of an area from each direction, with the overlaps asked.

    Each direction is flown on its own, with the nose held in the direction of view, over the area
    shifted back by the offset that the tilt needs; so part of the flight is outside of the area.

    Args:
        area: lon/lat degrees; holes need not be seen.
        drone: what flies.
        settings: height, overlaps and limits. `gsd_m` is that straight below.
        oblique: directions and tilt.
        code: sorties are named `CODE-1` and so on, straight down first.
        cell_codes: of the cells that the area stands for; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.

    Raises:
        MissionError: the area cannot be flown so; the message says why and what to change.
        TerrainError: the terrain does not know some ground.
    """
    pieces = parts_of(area)
    frame = LocalFrame.around(area)
    party = Party(drone, settings or SurveySettings(), frame, terrain or FlatTerrain(0.0))
    parts = [simplified(frame.to_local(part)) for part in pieces]
    surveys = [
        _Oblique(party, oblique or ObliqueSettings(), part, party.envelope(part).altitude_amsl_m)
        for part in parts
    ]
    return named((s for survey in surveys for s in survey.sorties()), code, cell_codes)


@dataclass(frozen=True, slots=True)
class _Oblique:
    """One part of the area, local metres."""

    party: Party
    oblique: ObliqueSettings
    shape: Polygon
    altitude_m: float

    def sorties(self) -> list[Sortie]:
        """Sorties of all directions, from one home."""
        self.party.require_reach(self.shape)
        survey, sorties = self, list[Sortie]()
        for look_deg, pitch_deg in self._views():
            sorties += survey._one_direction(look_deg, pitch_deg)
            home = sorties[0].home
            settings = replace(self.party.settings, home_lonlat_deg=(home.lon_deg, home.lat_deg))
            survey = replace(self, party=replace(self.party, settings=settings))
        return sorties

    def _views(self) -> list[tuple[float, float]]:
        """Directions counter-clockwise from east, and pitches."""
        heading, pitch = self.oblique.heading_deg, self.oblique.pitch_deg
        if heading is None:
            view = self._view(_NADIR_DEG)
            motion = planning_motion(self.party.drone, self._pace(view).speed_m_s)
            first = plan_pass(self.shape, view, motion, None).look_deg
        else:
            first = look_of_heading_deg(heading)
        if self.oblique.directions == 1:
            return [(first, pitch)]
        return [(first, _NADIR_DEG), *((first + 90.0 * side, pitch) for side in range(4))]

    def _one_direction(self, look_deg: float, pitch_deg: float) -> list[Sortie]:
        party, view = self.party, self._view(pitch_deg)
        fast = self._pace(view)
        motion = planning_motion(party.drone, fast.speed_m_s)
        # No place is further than half the spacing from a row then, and rows reach beside it.
        margin = view.row_spacing_m / 2
        seen = view.released(fast.speed_m_s)
        flown = plan_pass(self.shape, seen, motion, look_deg, margin_m=margin)
        flown = with_spots(flown, self.shape, _WANTED_SHARE)
        party.check_altitude(flown.area, self.altitude_m)
        grounds = Grounds(party, flown.area, self.altitude_m, fast)
        home, flights = grounds.flights(flown.route)
        nose = true_heading_deg(look_deg, party.frame)
        spacing = round(view.photo_spacing_m, 2)
        writer = RunWriter(party.drone, party.frame, 0.0, fast.speed_m_s, spacing, pitch_deg, nose)
        return [grounds.sortie(home, flight, writer, gsd_m=view.sight.gsd_m) for flight in flights]

    def _view(self, pitch_deg: float) -> View:
        """What the camera sees for sure everywhere in the area, with the overlaps asked for."""
        camera, settings = self.party.drone.camera, self.party.settings
        relief = self.party.relief(self.shape)
        lowest, highest = self.altitude_m - relief.highest_m, self.altitude_m - relief.lowest_m
        worst = None
        if pitch_deg != _NADIR_DEG:
            worst = self.oblique.gsd_m or _COARSEST * gsd_m(camera, highest)
        sight = sure_sight(camera, pitch_deg, lowest, highest, worst_gsd_m=worst)
        return View.of(sight, settings.side_overlap_share, settings.front_overlap_share, along=True)

    def _pace(self, view: View) -> Pace:
        return pace(self.party.drone, self.party.settings, view.photo_spacing_m, view.sight)

"""Which sorties photograph a strip on both sides of a river or road."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from geo.footprint import size_on_ground_m
from geo.frames import Array, LocalFrame
from geo.terrain import FlatTerrain, Terrain
from missions.course import planning_motion
from missions.coverage import close_gaps
from missions.envelope import Envelope
from missions.errors import MissionError
from missions.grounds import Grounds, Party, named
from missions.inside import Inside
from missions.model import Drone, Sortie
from missions.offset import offset_line
from missions.pattern import simplified
from missions.route import connect
from missions.runs import RunWriter
from missions.settings import SurveySettings
from missions.sight import Pace

LEAST_LENGTH_M = 10.0
_USED_SHARE = 0.9  # of a picture's width; the rest is for the doubt of position and attitude
_STRAIGHT_M = 2.0  # bends of the centre line flatter than this are flown straight
_LEAST_REACH_M = 15.0
_BESIDE_M = 5.0  # of a flown line that belongs to the area
_WANTED_SHARE = 0.9995
_SHORTEST_STRETCH_M = 400.0


def plan_corridor(
    lines: LineString | MultiLineString,
    width_m: float,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    code: str = "corridor",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
) -> tuple[Sortie, ...]:
    """Plan flights along centre lines; each connected line on its own, the longest first.

    A strip narrower than a picture is flown once along its middle, a wider one along parallel
    lines to and fro. Without a place of the crew, lines too long for one battery and its way
    back are cut into stretches with a place to start from each.

    Args:
        lines: centre lines of a river or road, lon/lat degrees; they may cross themselves. Bends
            flatter than 2 m are taken as straight, at their ends too.
        width_m: of the strip to photograph, half of it on each side.
        drone: what flies.
        settings: height, limits and overlaps (side: between parallel lines).
        code: of the first sortie `CODE-1` and so on.
        cell_codes: of the cells that the corridor stands for; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.

    Raises:
        MissionError: the corridor cannot be flown; the message says why and what to change.
        TerrainError: the terrain does not know some ground.
    """
    if not width_m > 0:
        raise MissionError(f"the corridor's width must be above 0 m; got {width_m:g}")
    connected = _lines_of(lines)
    frame = LocalFrame.around(lines)
    party = Party(drone, settings or SurveySettings(), frame, terrain or FlatTerrain(0.0))
    corridor = _Corridor(party, width_m)
    centres = [frame.to_local(line) for line in connected]
    return named((s for line in centres for s in corridor.sorties(line)), code, cell_codes)


def _lines_of(lines: LineString | MultiLineString) -> list[LineString]:
    """Connected lines, the longest first."""
    if lines.is_empty:
        raise MissionError("there is no centre line; draw one, or choose another layer")
    west, south, east, north = lines.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise MissionError(
            f"the line from ({west:.6g}, {south:.6g}) to ({east:.6g}, {north:.6g}) is not in "
            "longitude and latitude degrees, longitude first"
        )
    merged = shapely.line_merge(lines) if isinstance(lines, MultiLineString) else lines
    return sorted(shapely.get_parts(merged).tolist(), key=lambda line: -line.length)


@dataclass(frozen=True, slots=True)
class _Corridor:
    party: Party
    width_m: float

    def sorties(self, centre: LineString) -> Iterator[Sortie]:
        """Sorties along one centre line, local metres; halves of it where it is too long."""
        if centre.length < LEAST_LENGTH_M:
            raise MissionError(
                f"a centre line of {centre.length:.1f} m is too short to fly along; "
                f"{LEAST_LENGTH_M:g} m at least. It may be left over from drawing"
            )
        try:
            yield from self._whole(centre)
        except MissionError:
            if self.party.settings.home_lonlat_deg or centre.length < 2 * _SHORTEST_STRETCH_M:
                raise
            for half in _halves(centre):
                yield from self.sorties(half)

    def _whole(self, centre: LineString) -> list[Sortie]:
        centre = _straightened(centre, min(_STRAIGHT_M, self.width_m / 20))
        strip = _one(centre.buffer(self.width_m / 2, cap_style="flat"), centre)
        envelope = self.party.envelope(strip)
        lines = self._lines(centre, envelope)
        area = self._area(centre, lines)
        self.party.check_altitude(area, envelope.altitude_amsl_m)
        motion = planning_motion(self.party.drone, envelope.speed_m_s)
        rows = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])
        inside = Inside(area)
        route = connect(rows, inside)
        seen_m = self._seen_m(envelope)
        route = close_gaps(strip, route, seen_m, _WANTED_SHARE, inside, motion)
        fast = Pace(envelope.speed_m_s, envelope.speed_limit)
        grounds = Grounds(self.party, area, envelope.altitude_amsl_m, fast)
        home, flights = grounds.flights(route)
        spacing = round(envelope.photo_spacing_m, 2)
        writer = RunWriter(self.party.drone, self.party.frame, 0.0, envelope.speed_m_s, spacing)
        return [grounds.sortie(home, flight, writer, gsd_m=envelope.gsd_m) for flight in flights]

    def _area(self, centre: LineString, lines: Sequence[Array]) -> Polygon:
        """What may be flown over: the strip, its ends, and what corners of lines need beyond."""
        reach = max(self.width_m / 2, _LEAST_REACH_M)
        flown = [LineString(line).buffer(_BESIDE_M, cap_style="square") for line in lines]
        whole = shapely.union_all([centre.buffer(reach, cap_style="square"), *flown])
        return simplified(_one(whole, centre))

    def _lines(self, centre: LineString, envelope: Envelope) -> list[Array]:
        """Parallel lines (N, 2), every second one backwards."""
        points = shapely.get_coordinates(centre)
        offsets = self._offsets(self._seen_m(envelope), envelope.row_spacing_m)
        lines = [offset_line(points, offset) for offset in offsets.tolist()]
        return [line[::-1] if number % 2 else line for number, line in enumerate(lines)]

    def _seen_m(self, envelope: Envelope) -> float:
        """Width of the ground that counts as seen along a line."""
        across, _ = size_on_ground_m(self.party.drone.camera, envelope.lowest_agl_m)
        return _USED_SHARE * across

    def _offsets(self, seen_m: float, spacing_m: float) -> Array:
        """Distances of the lines from the centre, to the left, even on both sides."""
        if self.width_m <= seen_m:
            return np.zeros(1)
        outermost = (self.width_m - seen_m) / 2
        count = 1 + int(np.ceil(2 * outermost / min(spacing_m, seen_m) - 1e-9))
        return np.linspace(outermost, -outermost, count)


def _halves(line: LineString) -> Iterator[LineString]:
    for start, end in pairwise((0.0, 0.5, 1.0)):
        half = substring(line, start, end, normalized=True)
        assert isinstance(half, LineString)
        yield half


def _straightened(line: LineString, tolerance_m: float) -> LineString:
    simple = line.simplify(tolerance_m, preserve_topology=False)
    return simple if isinstance(simple, LineString) and len(simple.coords) > 1 else line


def _one(shape: BaseGeometry, centre: LineString) -> Polygon:
    if isinstance(shape, Polygon) and shape.is_valid and not shape.is_empty:
        return shape
    raise MissionError(
        f"the strip along a line of {centre.length:.0f} m is not one area; remove repeated points "
        "and pieces that run back on themselves"
    )

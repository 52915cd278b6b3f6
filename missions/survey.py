"""Which sorties photograph all of one polygon from above."""

from collections.abc import Iterator
from dataclasses import replace

from shapely import MultiPolygon, Polygon

from geo.frames import LocalFrame
from geo.terrain import FlatTerrain, Terrain
from missions.canvas import Photos
from missions.course import planning_motion
from missions.errors import MissionError
from missions.grounds import Grounds, Party, named, parts_of
from missions.model import Drone, Sortie
from missions.overshoot import overshot, with_straight_ends
from missions.pattern import cover, simplified
from missions.releases import released_every_m
from missions.route import Route
from missions.runs import RunWriter
from missions.settings import SurveySettings
from missions.sight import Pace
from missions.timing import Motion

LEAST_AREA_M2 = 25.0


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
    pieces = parts_of(area)
    frame = LocalFrame.around(area)
    party = Party(drone, settings or SurveySettings(), frame, terrain or FlatTerrain(0.0))
    parts = [frame.to_local(part) for part in pieces]
    return named((s for part in parts for s in _sorties(part, party)), code, cell_codes)


def survey_route(
    shape: Polygon, spacing_m: float, photo_spacing_m: float, motion: Motion, wanted: SurveySettings
) -> Route:
    """Rows over an area, local metres: the ones that are flown in the least time.

    Args:
        shape: the area, without needless corners.
        spacing_m: distance between rows.
        photo_spacing_m: way from one photo to the next.
        motion: of the aircraft.
        wanted: overlaps that both spacings keep, share to be covered, heading of the rows.
    """
    side, front = wanted.side_overlap_share, wanted.front_overlap_share
    heading = wanted.row_heading_deg
    return cover(
        shape,
        spacing_m,
        motion,
        Photos.overlapping(spacing_m, photo_spacing_m, side, front),
        angle_deg=None if heading is None else (90.0 - heading) % 180,
        wanted_share=wanted.covered_share,
    )


def _sorties(part: Polygon, party: Party) -> Iterator[Sortie]:
    """Sorties over one part of the area, local metres, without names."""
    if part.area < LEAST_AREA_M2:
        raise MissionError(
            f"an area of {part.area:.1f} m2 is too small to survey; {LEAST_AREA_M2:g} m2 at "
            "least. It may be a sliver left over from drawing"
        )
    shape, beyond = simplified(part), party.settings.overshoot_m
    envelope = party.envelope(shape.buffer(beyond) if beyond else shape)
    party.require_reach(shape)
    motion = planning_motion(party.drone, envelope.speed_m_s)
    each_m = released_every_m(envelope.photo_spacing_m, envelope.speed_m_s)
    route = survey_route(shape, envelope.row_spacing_m, each_m, motion, party.settings)
    route = overshot(route, beyond) if beyond else route
    fast = Pace(envelope.speed_m_s, envelope.speed_limit)
    grounds = Grounds(party, shape, envelope.altitude_amsl_m, fast, beyond_m=beyond)
    home, flights = grounds.flights(route)
    spacing = round(envelope.photo_spacing_m, 2)
    writer = RunWriter(party.drone, party.frame, 0.0, envelope.speed_m_s, spacing)
    above = party.settings.ceiling_agl_m - envelope.highest_agl_m
    for flight in flights:
        flown = with_straight_ends(flight, beyond) if beyond else flight
        sortie = grounds.sortie(home, flown, writer, gsd_m=envelope.gsd_m)
        yield replace(sortie, ceiling_home_m=round(sortie.height_home_m + above, 1))

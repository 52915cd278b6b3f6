"""Which sorties photograph an area without coming near anything that forbids it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import shapely
from shapely import MultiPoint, MultiPolygon, Polygon

from geo.frames import LocalFrame
from geo.terrain import Terrain
from missions.airspace import ANY_HEIGHT, EMPTY, Airspace
from missions.check import check, safe_return_height_m
from missions.check_limits import Limits
from missions.errors import MissionError, TooLongError
from missions.fence import MOST_POINTS
from missions.findings import Code, Finding, Severity
from missions.flown import has_place
from missions.following import Following
from missions.in_sight import Around, plan_in_sight
from missions.model import Drone, Sortie
from missions.settings import DEFAULT_HEIGHT_AGL_M, SurveySettings
from missions.survey import plan_survey
from missions.usable import clear_home, no_way_home, take_off_area, usable_area

_MORE_RESERVE = (0.0, 0.06, 0.15, 0.22, 0.3, 0.45, 0.6)  # shares of the usable battery
_TOO_LONG = (Code.BATTERY, Code.WAYPOINT_LIMIT)


class UnsafeError(MissionError):
    """A plan that the check found errors in, in `findings`."""

    def __init__(self, code: str, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"sortie {code} would not be safe: {findings[0].message}{more}")


def survey_safely(
    area: Polygon | MultiPolygon,
    drone: Drone,
    settings: SurveySettings | None = None,
    *,
    code: str = "survey",
    cell_codes: tuple[str, ...] = (),
    terrain: Terrain | None = None,
    airspace: Airspace = EMPTY,
    tolerance_m: float | None = None,
) -> tuple[Sortie, ...]:
    """Plan a survey of what of an area may be flown over, and check it.

    Args:
        area: lon/lat degrees.
        drone: what flies.
        settings: overlaps, height and limits; the usual ones if None.
        code: of the first sortie `CODE-1` and so on.
        cell_codes: of the cells that the area stands for; `code` if empty.
        terrain: heights of the ground; level ground at sea level if None.
        airspace: zones and obstacles that are in force.
        tolerance_m: follow the terrain within this; fly at one altitude if None.

    Raises:
        UnsafeError: the check found an error in the plan.
        MissionError: the area cannot be flown; the message says why and what to change.
        TerrainError: the terrain does not know some ground that is flown over.
    """
    wanted = settings or SurveySettings()

    def plan(careful: Drone) -> tuple[Sortie, ...]:
        task = _Task(careful, drone, wanted, terrain, airspace, tolerance_m)
        return task.plan(area, code, cell_codes)

    return safely(plan, drone, wanted, terrain=terrain, airspace=airspace)


def safely(
    plan: Callable[[Drone], Sequence[Sortie]],
    drone: Drone,
    settings: SurveySettings,
    *,
    terrain: Terrain | None = None,
    airspace: Airspace = EMPTY,
) -> tuple[Sortie, ...]:
    """Plan with a planner of any kind and check it; in shorter flights where one proves too long.

    Planners cut flights before hills and return heights are known, which may take more energy and
    more way-points.

    Args:
        plan: called with the drone, with more and more of its battery kept in reserve.
        drone: what flies.
        settings: limits.
        terrain: see `proven`.
        airspace: see `proven`.

    Raises:
        UnsafeError: the check found an error.
        TooLongError: no flights are short enough.
        MissionError: see `proven`, and what `plan` refuses.
    """
    first: MissionError | None = None
    for more in _MORE_RESERVE:
        try:
            planned = plan(_keeping(drone, more))
            return proven(planned, drone, settings, terrain=terrain, airspace=airspace)
        except UnsafeError as error:
            if any(finding.code not in _TOO_LONG for finding in error.findings):
                raise
            first = first or error
        except TooLongError as error:
            first = first or error
        except MissionError:
            if first is None:
                raise
            break
    raise TooLongError(f"{first}; shorter flights do not help") from first


def _keeping(drone: Drone, share: float) -> Drone:
    """The drone with a share of what it may use kept as well."""
    return replace(drone, reserve_share=drone.reserve_share + share * (1 - drone.reserve_share))


def proven(
    sorties: Sequence[Sortie],
    drone: Drone,
    settings: SurveySettings,
    *,
    terrain: Terrain | None = None,
    airspace: Airspace = EMPTY,
) -> tuple[Sortie, ...]:
    """Give sorties of one place the return height that all of them need, and check each.

    Args:
        sorties: as planned, of any kind of mission.
        drone: what flies.
        settings: limits that they were planned with.
        terrain: heights of the ground; level ground at home's altitude if None.
        airspace: zones and obstacles that are in force.

    Raises:
        UnsafeError: the check found an error.
        MissionError: no return height clears ground and obstacles below the ceiling, or a straight
            way home crosses a no-fly zone.
    """
    if not sorties:
        return ()
    limits = limits_of(settings)
    heights = [safe_return_height_m(s, limits, terrain, airspace, drone) for s in sorties]
    safe = tuple(replace(sortie, return_height_m=max(heights)) for sortie in sorties)
    for sortie in safe:
        found = check(sortie, limits, terrain, airspace, drone)
        errors = tuple(finding for finding in found if finding.severity is Severity.ERROR)
        if errors and all(finding.code is Code.RETURN_ZONE for finding in errors):
            raise MissionError(f"sortie {sortie.code}: {errors[0].message}")
        if errors:
            raise UnsafeError(sortie.code, errors)
    return safe


def limits_of(settings: SurveySettings) -> Limits:
    """What flights with these settings are checked against."""
    return Limits(
        ceiling_agl_m=settings.ceiling_agl_m,
        floor_agl_m=settings.floor_agl_m,
        wind_m_s=settings.wind_m_s,
    )


def ways_home(
    area: Polygon | MultiPolygon,
    airspace: Airspace,
    frame: LocalFrame,
    settings: SurveySettings,
    heights_agl_m: tuple[float, float] | None = None,
) -> Around:
    """What matters to ways home from an area in lon/lat degrees; heights as for `usable_area`."""
    ceiling = settings.ceiling_agl_m
    blockers = no_way_home(area, airspace, frame, ceiling, heights_agl_m=heights_agl_m)
    take_off = take_off_area(area, airspace, frame) if blockers else Polygon()
    return Around(frame, blockers, take_off)


@dataclass(frozen=True, slots=True)
class _Task:
    """How to plan every part of an area.

    Attributes:
        careful: what flights are cut for: the drone with more of its battery in reserve.
        drone: what flies, and what flights that follow the terrain are measured by.
    """

    careful: Drone
    drone: Drone
    settings: SurveySettings
    terrain: Terrain | None
    airspace: Airspace
    tolerance_m: float | None

    def plan(
        self, area: Polygon | MultiPolygon, code: str, cell_codes: tuple[str, ...]
    ) -> tuple[Sortie, ...]:
        """Plan without a check."""
        frame = LocalFrame.around(area)
        usable = usable_area(area, self.airspace, frame, heights_agl_m=self._heights())
        parts = sorted(shapely.get_parts(usable).tolist(), key=lambda part: -part.area)
        around = ways_home(area, self.airspace, frame, self.settings, self._heights())
        planner = partial(self._part, frame)
        flights = [
            sortie
            for part in parts
            for sortie in plan_in_sight(part, planner, self.settings, around)
        ]
        codes = cell_codes or (code,)
        return tuple(
            replace(
                sortie,
                code=f"{code}-{number}",
                cell_codes=codes,
                fence=_without_zones(sortie, self.airspace),
            )
            for number, sortie in enumerate(flights, 1)
        )

    def _heights(self) -> tuple[float, float] | None:
        """Lowest and highest height above ground, if it is known before planning."""
        settings = self.settings
        height = settings.height_agl_m
        if settings.gsd_m is not None:
            return None
        height = DEFAULT_HEIGHT_AGL_M if height is None else height
        if self.terrain is None:
            return height, height
        if self.tolerance_m is None:
            return settings.floor_agl_m, settings.ceiling_agl_m
        low, high = height - self.tolerance_m, height + self.tolerance_m
        return max(low, settings.floor_agl_m), min(high, settings.ceiling_agl_m)

    def _part(
        self, frame: LocalFrame, part: Polygon, settings: SurveySettings
    ) -> tuple[Sortie, ...]:
        """Plan one part; again from another home where the first is too close to something."""
        sorties = self._level(part, settings)
        home = sorties[0].home
        wanted = (home.lon_deg, home.lat_deg)
        clear = wanted
        if settings.home_lonlat_deg is None:
            clear = clear_home(part, self.airspace, frame, wanted)
        if clear != wanted:
            sorties = self._level(part, replace(settings, home_lonlat_deg=clear))
        return tuple(self._followed(sortie) for sortie in sorties)

    def _level(self, part: Polygon, settings: SurveySettings) -> tuple[Sortie, ...]:
        following = self._following(settings)
        if following is None:
            return plan_survey(part, self.careful, settings, terrain=self.terrain)
        return plan_survey(part, self.careful, following.over_level())

    def _following(self, settings: SurveySettings) -> Following | None:
        if self.tolerance_m is None or self.terrain is None:
            return None
        return Following(self.drone, settings, self.terrain, self.tolerance_m)

    def _followed(self, sortie: Sortie) -> Sortie:
        following = self._following(self.settings)
        return sortie if following is None else following.followed(sortie)


def _without_zones(sortie: Sortie, airspace: Airspace) -> Polygon:
    """The fence kept out of zones of all heights, if one outline of few corners is left of it."""
    zones = [zone.area for zone in airspace.no_fly if zone.band == ANY_HEIGHT]
    if not zones:
        return sortie.fence
    places = [(item.lon_deg, item.lat_deg) for item in sortie.items if has_place(item)]
    flown = MultiPoint([(sortie.home.lon_deg, sortie.home.lat_deg), *places])
    for part in shapely.get_parts(sortie.fence.difference(shapely.union_all(zones))).tolist():
        few = len(shapely.get_coordinates(part)) <= MOST_POINTS
        if isinstance(part, Polygon) and few and part.covers(flown):
            return part
    return sortie.fence

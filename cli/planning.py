"""The verb `plan`: missions of a kind, what is left of a flight, gaps, or a whole district."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from shapely import MultiPolygon, Polygon

from cli import console
from cli.console import DONE, IN_PART
from cli.kinds import KINDS, Asked, Task
from flight.journal import read_summary
from flight.log import read_tlog
from flight.uploaded import read_uploaded
from flight.verdict import VERDICT_FILE
from geo.footprint import gsd_m, height_for_gsd_m
from geo.pose import Pose
from missions.drones import drone_named
from missions.errors import MissionError
from missions.foreign import foreign_sortie
from missions.mission_json import read_sortie
from missions.model import Sortie
from missions.plan import Plan, moves
from missions.resume import remaining
from pipeline import planning
from pipeline.errors import SettingsError
from pipeline.refly import plan_gaps
from pipeline.settings import Planning, Settings, explain, read_settings
from pipeline.workspace import Workspace
from vision.frame_table import read_frame_table
from vision.frames import read_frames

TLOG = ".tlog"


def settings_of(
    config: Path | None, gsd_cm: float | None, mission: str = "survey", **given: Any
) -> Settings:
    """Settings with what the command line says of the flight instead; None where it says none.

    Args:
        config: settings file.
        gsd_cm: centimetres per pixel on the ground, instead of a height.
        mission: kind; a patrol looks aslant and finds the height for its `gsd_cm` itself.
        given: values of `Planning` by name.
    """
    settings = read_settings(config)
    values = {name: value for name, value in given.items() if value is not None}
    if gsd_cm is not None:
        _check_gsd(gsd_cm, values)
        if mission != "patrol":
            values["height_agl_m"] = _height_m(gsd_cm, values, settings.planning)
    try:
        wanted = Planning.model_validate(
            {**settings.planning.model_dump(exclude_unset=True), **values}
        )
    except ValidationError as error:
        raise SettingsError(f"command line: {explain(error)}") from error
    return settings.model_copy(update={"planning": wanted})


def _check_gsd(gsd_cm: float, values: Mapping[str, Any]) -> None:
    if "height_agl_m" in values:
        raise MissionError("give --height or --gsd, not both: one follows from the other")
    if not gsd_cm > 0:
        raise MissionError(f"--gsd {gsd_cm:g}: must be above 0 centimetres per pixel")


def _height_m(gsd_cm: float, values: Mapping[str, Any], usual: Planning) -> float:
    """Height straight above the ground from which a pixel is so wide."""
    camera = drone_named(values.get("drone", usual.drone)).camera
    height_m = round(height_for_gsd_m(camera, gsd_cm / 100), 2)
    if height_m > usual.ceiling_agl_m:
        coarsest_cm = 100 * gsd_m(camera, usual.ceiling_agl_m)
        raise MissionError(
            f"--gsd {gsd_cm:g}: takes {height_m:g} m above ground; the ceiling of "
            f"{usual.ceiling_agl_m:g} m allows {coarsest_cm:.2f} cm per pixel and finer"
        )
    return height_m


def run(mission: str, out: Path, asked: Asked, settings: Settings, *, as_json: bool) -> int:
    """Plan missions of the kind asked for; 3 where a cell was refused."""
    kind = KINDS.get(mission)
    if kind is None:
        raise MissionError(f"--mission {mission}: is not known; known are {', '.join(KINDS)}")
    planning.refuse_foreign(out)
    task = Task.of(mission, asked, settings)
    with console.libraries_aside():
        made, outlines = kind(task)
    return _keep(made, out, task, outlines, as_json=as_json)


def resume(
    log: Path,
    flown: Path | None,
    out: Path,
    asked: Asked,
    settings: Settings,
    *,
    as_json: bool,
) -> int:
    """Plan exactly what a broken-off flight, its log or the folder of it, has left."""
    planning.refuse_foreign(out)
    log = _log_in(log)
    sortie = _flown_sortie(log, flown, settings)
    left = remaining(sortie, read_tlog(log).track)
    if left is None:
        console.out.print(f"{sortie.code}: nothing is left to fly", highlight=False)
        return DONE
    wanted = settings.planning.model_copy(update={"drone": sortie.drone_key})
    task = Task.of("resume", asked, settings.model_copy(update={"planning": wanted}))
    made = Plan(task.safely(lambda _: [left]), ())
    return _keep(made, out, task, {}, as_json=as_json)


def _log_in(source: Path) -> Path:
    """A recording, or the only one in the folder that `fly` or `simulate` wrote."""
    if not source.is_dir():
        return source
    found = sorted(source.glob(f"*{TLOG}"))
    if len(found) != 1:
        raise MissionError(
            f"{source}: holds {len(found)} recordings (*{TLOG}); give the folder of one flight"
        )
    return found[0]


def _flown_sortie(log: Path, flown: Path | None, settings: Settings) -> Sortie:
    """The sortie that was flown, by its file or else by what the log shows being uploaded."""
    if flown is not None:
        return read_sortie(flown)
    if "drone" not in settings.planning.model_fields_set:
        raise MissionError(
            f"{log}: shows which mission was uploaded, but not to which drone. Name it with "
            "--drone, or the sortie's mission.json with --flown"
        )
    drone = drone_named(settings.planning.drone)
    found = foreign_sortie(read_uploaded(log), drone, code=_code_of(log))
    console.warn(
        f"{log}: its mission was read from the upload, to be flown with {drone.key}; "
        "--flown names the mission.json instead"
    )
    return found.sortie


def _code_of(log: Path) -> str:
    """Code of the sortie that a log is of, by the summary of `fly` beside it or by its place.

    `simulate` writes CODE/SCENARIO/flight.tlog.
    """
    summary = read_summary(log.parent)
    if summary is not None:
        return str(summary["sortie"])
    if log.stem != "flight":
        return log.stem
    folder = log.resolve().parent
    return folder.parent.name if (folder.parent / VERDICT_FILE).is_file() else folder.name


def refly(
    source: Path, seen_by: int, out: Path, asked: Asked, settings: Settings, *, as_json: bool
) -> int:
    """Plan surveys of the gaps that flown photos have left; 3 where a cell was refused."""
    planning.refuse_foreign(out)
    task = Task.of("refly", asked, settings)
    flown = _exposures(source, task)
    cells, refused = task.cells()

    planned = plan_gaps(
        cells,
        flown,
        task.drone,
        task.survey,
        photos=seen_by,
        terrain=task.terrain,
        airspace=task.airspace,
    )
    made = replace(planned, refused=(*refused, *planned.refused))
    if not made.sorties and not made.refused:
        console.out.print(f"{len(flown)} photos: every place is in {seen_by} or more")
        return DONE
    return _keep(made, out, task, {c.code: c.boundary for c in cells}, as_json=as_json)


def _exposures(source: Path, task: Task) -> list[Pose]:
    """From where photos were taken: by a flight's log, a patrol's frames or the photos."""
    if source.suffix.lower() == TLOG:
        events = read_tlog(source).track.camera_events
        found = [Pose(e.position, e.attitude, source="log") for e in events]
    else:
        table = Workspace(source).frames
        frames = (
            read_frame_table(table)
            if table.is_file()
            else read_frames(source, terrain=task.terrain)
        )
        found = [frame.pose for frame in frames if frame.pose is not None]
    if not found:
        raise MissionError(f"{source}: tells of no photo with its place and attitude")
    return found


def _keep(
    made: Plan,
    out: Path,
    task: Task,
    outlines: Mapping[str, Polygon | MultiPolygon],
    *,
    as_json: bool,
) -> int:
    """Write a plan and tell about it; 3 where a cell was refused."""
    wanted = task.settings.planning
    planning.keep(made, out, wanted, outlines, terrain=task.terrain, airspace=task.airspace)
    if as_json:
        console.out.print_json(json.dumps(planning.summary(made, wanted), ensure_ascii=False))
    else:
        _tell(made, out)
    if task.asked.dem is None:
        console.warn(
            "no --dem: the ground is taken as level, so heights above relief were not checked"
        )
    for refusal in made.refused:
        console.warn(f"refused: {refusal}")
    return IN_PART if made.refused else DONE


def _tell(made: Plan, out: Path) -> None:
    rows = [
        (
            sortie.code,
            len(sortie.photos),
            f"{sortie.height_home_m:.0f}",
            f"{sortie.gsd_m * 100:.1f}",
            f"{sortie.speed_m_s:.1f}",
            f"{sortie.distance_m / 1000:.2f}",
            f"{sortie.duration_s / 60:.1f}",
            f"{100 * sortie.battery_share:.0f}",
        )
        for sortie in made.sorties
    ]
    columns = ["sortie", "photos", "m high", "cm/px", "m/s", "km", "min", "batt %"]
    console.show("Sorties", columns, rows)
    moved = moves(made.sorties)
    if moved:
        console.out.print(
            "what a zone, a mast or the distance hides from one take-off place is flown from "
            "another:",
            highlight=False,
        )
    for move in moved:
        console.out.print(str(move), highlight=False)
    for limit in made.speed_limits:
        if limit:
            console.out.print(f"speed: {limit}", highlight=False)
    sorties = console.counted(len(made.sorties), "sortie")
    console.out.print(
        f"{sorties}, {made.duration_s / 60:.1f} min in the air, "
        f"{console.counted(len(made.refused), 'cell')} refused; files in {console.where(out)}, "
        f"look at {console.where(out / 'map.html')}",
        highlight=False,
    )
    if made.return_height_m is not None:
        console.out.print(
            f"return height (RTL_ALT) {made.return_height_m:.0f} m above home or more",
            highlight=False,
        )


def revisiting(asked: Asked, mission: str, patrol: Path | None, config: Path | None) -> Asked:
    """Take the cases to fly to from the registry of a patrol, where one is given.

    Raises:
        MissionError: no case waits to be verified, or the mission is none of single cases.
    """
    from cli.next_patrol import cases_to_revisit

    if patrol is None:
        return asked
    if mission != "revisit" or asked.cases is not None:
        raise MissionError(
            f"--from-cases {patrol}: belongs to --mission revisit without --cases, or to a "
            "district with --depots and --fleet"
        )
    cases = cases_to_revisit(patrol, config, datetime.now(UTC))
    return replace(asked, to_verify=cases)


def asked(
    *, home: str | None, when: str | None, gsd_cm: float | None = None, **given: Any
) -> Asked:
    """What the command line asks for, its texts read."""
    return Asked(
        gsd_m=None if gsd_cm is None else gsd_cm / 100,
        home_lonlat_deg=None if home is None else _lonlat(home),
        when=None if when is None else console.moment("--when", when),
        **given,
    )


def district(
    asked: Asked,
    depots: Path | None,
    fleet: Path | None,
    out: Path,
    settings: Settings,
    *,
    days: int,
    first: str | None,
    weather: Path | None,
    history: Path | None,
    tips: Path | None,
    patrol: Path | None,
    config: Path | None,
) -> int:
    """Plan a district; 3 where flights are left over."""
    from cli import district as districts

    if asked.grids is None or depots is None or fleet is None:
        raise MissionError("a district needs --grids, --depots and --fleet")
    return districts.run(
        districts.Paths(
            asked.grids,
            depots,
            fleet,
            dem=asked.dem,
            weather=weather,
            history=history,
            tips=tips,
            airspace=asked.airspace,
            obstacles=asked.obstacles,
            patrol=patrol,
            config=config,
        ),
        out,
        settings,
        days=days,
        first=date.today() if first is None else _day(first),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MissionError(f"--first {text}: is not a day such as 2026-06-15") from error


def _lonlat(text: str) -> tuple[float, float]:
    """Read --home."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise MissionError(f"--home {text}: is not LON,LAT in degrees, such as 120.13,32.51") from (
            error
        )
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise MissionError(f"--home {text}: lies outside the earth; give LON,LAT, not LAT,LON")
    return lon, lat

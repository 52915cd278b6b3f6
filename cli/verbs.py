"""The verbs, their arguments, exit codes; nothing else.

Exit codes: 0 done; 1 stopped with an explained error, nothing half-written; 2 wrong arguments;
3 done in part, what was refused is listed; 130 interrupted, every file is whole.
"""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from cli import console
from geo.errors import AerogridError

app = typer.Typer(
    name="aerogrid",
    help="The aerial grid officer: drone patrols over grid cells, from plan to reviewed case.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Patrol = Annotated[Path, typer.Argument(help="Folder of the patrol.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write; made when absent.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings, a TOML file.")]
Grids = Annotated[
    Path | None,
    typer.Option("--grids", help="Grid cells: GeoJSON, GeoPackage, Shapefile or KML, any CRS."),
]
Zones = Annotated[
    Path | None,
    typer.Option("--zones", help="Zones: GeoPackage with layers farmland, closed_water..."),
]
Dem = Annotated[
    Path | None, typer.Option("--dem", help="Ground heights above mean sea level, GeoTIFF.")
]
Airspace = Annotated[
    Path | None, typer.Option(help="No-fly zones and ceilings; docs/airspace.md has the columns.")
]
Obstacles = Annotated[
    Path | None, typer.Option(help="Obstacles with heights; docs/airspace.md has the columns.")
]
Simulated = Annotated[
    Path, typer.Option("--simulated", help="Folder that `simulate` wrote; --arm reads it.")
]
SigningKey = Annotated[
    Path | None,
    typer.Option(
        "--signing-key", help="File with the MAVLink 2 signing key; or AEROGRID_SIGNING_KEY."
    ),
]
System = Annotated[
    int | None,
    typer.Option("--system", min=1, max=254, help="MAVLink system id; else the first heard."),
]
Adjust = Annotated[
    bool | None,
    typer.Option("--adjust/--no-adjust", help="Match overlapping photos and adjust their poses."),
]
Control = Annotated[
    Path | None,
    typer.Option("--gcp", help="Surveyed points marked in photos: gcp_list.txt of OpenDroneMap."),
]
Ortho = Annotated[
    Path | None, typer.Option("--ortho", help="Orthophoto on which photos are found again.")
]
Poses = Annotated[
    Path | None,
    typer.Option(
        "--poses", help="Poses found elsewhere: reconstruction.json, images.txt, .MRK or .csv."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]


def _tell_version(asked: bool) -> None:
    if asked:
        console.out.print(f"aerogrid {metadata.version('aerogrid')}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Tell the version and stop."
        ),
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: aerogrid plan --grids cells.geojson --drone dji-m3e --out plans/")
def plan(
    grids: Annotated[Path | None, typer.Option("--grids", help="Grid cells, any CRS.")] = None,
    out: Out = Path("plans"),
    mission: Annotated[
        str,
        typer.Option(help="survey, crosshatch, patrol, oblique, lookout, corridor or revisit."),
    ] = "survey",
    drone: Annotated[str | None, typer.Option(help="Key of the drone library.")] = None,
    cell: Annotated[list[str] | None, typer.Option(help="Only this cell; repeatable.")] = None,
    height: Annotated[float | None, typer.Option(help="Metres above ground.")] = None,
    gsd: Annotated[float | None, typer.Option(help="Instead: centimetres per pixel.")] = None,
    follow: Annotated[
        float | None,
        typer.Option(help="Follow the terrain of --dem within so many metres."),
    ] = None,
    wind: Annotated[float | None, typer.Option(help="Mean wind to plan for, m/s.")] = None,
    overshoot: Annotated[
        float | None, typer.Option(help="survey: metres flown on beyond each row's ends.")
    ] = None,
    home: Annotated[str | None, typer.Option(help="Take-off point as LON,LAT.")] = None,
    dem: Dem = None,
    airspace: Airspace = None,
    obstacles: Obstacles = None,
    format: Annotated[
        list[str] | None,
        typer.Option(help="Also kmz, litchi, fence, kml, geojson or gpkg; repeatable."),
    ] = None,
    heading: Annotated[
        float | None, typer.Option(help="Degrees from north: of rows; patrol, oblique: of view.")
    ] = None,
    pitch: Annotated[
        float | None, typer.Option(help="patrol, oblique: of the gimbal, -90 straight down.")
    ] = None,
    directions: Annotated[int, typer.Option(help="oblique: 1 or 5.")] = 5,
    lines: Annotated[Path | None, typer.Option(help="corridor: centre lines.")] = None,
    width: Annotated[float | None, typer.Option(help="corridor: width in metres.")] = None,
    farmland: Annotated[Path | None, typer.Option(help="lookout: farmland polygons.")] = None,
    cases: Annotated[Path | None, typer.Option(help="revisit: cases that `report` wrote.")] = None,
    when: Annotated[
        str | None, typer.Option(help="revisit: ISO time with zone, for the sun.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="What the flight of this .tlog has left.")
    ] = None,
    flown: Annotated[
        Path | None, typer.Option(help="resume: its mission.json; by the .tlog if not given.")
    ] = None,
    refly: Annotated[
        Path | None,
        typer.Option(help="Gaps that photos have left: a .tlog, a patrol or a photo folder."),
    ] = None,
    seen_by: Annotated[
        int, typer.Option(min=1, help="refly: photos that each place should be in.")
    ] = 3,
    depots: Annotated[
        Path | None, typer.Option(help="district: points that crews or docks start from.")
    ] = None,
    fleet: Annotated[
        Path | None, typer.Option(help="district: drones, batteries, chargers, crews; TOML.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="district: days to plan.")] = 5,
    first: Annotated[str | None, typer.Option(help="district: first day, YYYY-MM-DD.")] = None,
    weather: Annotated[Path | None, typer.Option(help="district: weather windows.")] = None,
    history: Annotated[
        Path | None, typer.Option(help="district: last patrol and open cases.")
    ] = None,
    tips: Annotated[Path | None, typer.Option(help="district: hotline tickets, CSV.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Plan sorties over cells, what a flight has left (--resume), gaps (--refly), a district."""
    from cli import planning

    settings = planning.settings_of(
        config, gsd, drone=drone, height_agl_m=height, wind_m_s=wind,
        terrain_tolerance_m=follow, overshoot_m=overshoot, formats=format,
    )  # fmt: skip
    asked = planning.asked(
        home=home, when=when, gsd_m=None if gsd is None else gsd / 100, pitch_deg=pitch,
        heading_deg=heading, directions=directions, grids=grids, cells=tuple(cell or ()),
        lines=lines, width_m=width,
        farmland=farmland, cases=cases, dem=dem, airspace=airspace, obstacles=obstacles,
    )  # fmt: skip
    if depots is not None or fleet is not None:
        code = planning.district(
            asked, depots, fleet, out, settings, days=days, first=first, weather=weather,
            history=history, tips=tips,
        )  # fmt: skip
    elif resume is not None:
        code = planning.resume(resume, flown, out, asked, settings, as_json=as_json)
    elif refly is not None:
        code = planning.refly(refly, seen_by, out, asked, settings, as_json=as_json)
    else:
        code = planning.run(mission, out, asked, settings, as_json=as_json)
    raise typer.Exit(code)


@app.command(epilog="Example: aerogrid preview flight.plan --dem dem.tif --out map.html")
def preview(
    files: Annotated[list[Path], typer.Argument(help="Mission files, ours and foreign.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A map as .html, or a picture as .png.")
    ] = Path("preview.html"),
    grids: Grids = None,
    dem: Dem = None,
    airspace: Airspace = None,
    obstacles: Obstacles = None,
    drone: Annotated[str | None, typer.Option(help="Key of the drone library.")] = None,
    config: Config = None,
) -> None:
    """Draw mission files of any origin: ways, photos, heights over terrain, overlap, time."""
    from cli import previewing

    raise typer.Exit(
        previewing.run(
            files, out, grids=grids, dem=dem, airspace=airspace, obstacles=obstacles, drone=drone,
            config=config,
        )
    )  # fmt: skip


@app.command(epilog="Example: aerogrid check plans/ --dem dem.tif --airspace airspace.gpkg")
def check(
    files: Annotated[list[Path], typer.Argument(help="Mission files, or folders of them.")],
    dem: Dem = None,
    airspace: Airspace = None,
    obstacles: Obstacles = None,
    drone: Annotated[str | None, typer.Option(help="Key of the drone library.")] = None,
    wind: Annotated[float | None, typer.Option(help="Expected wind, m/s.")] = None,
    return_height: Annotated[
        float | None, typer.Option(help="Metres above home, as set in the vehicle (RTL_ALT).")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="ISO time with zone; zones of other times do not count.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check every leg of mission files, ours and foreign, for safety; 3 where one has an error."""
    from cli import checking

    raise typer.Exit(
        checking.run(
            files, dem=dem, airspace=airspace, obstacles=obstacles, drone=drone, wind_m_s=wind,
            return_height_m=return_height, at=at, config=config, as_json=as_json,
        )
    )  # fmt: skip


@app.command(epilog="Example: aerogrid simulate plans/ --wind 8 --junit out.xml --html report/")
def simulate(
    plans: Annotated[
        list[Path],
        typer.Argument(help="mission.json, .plan, .waypoints or .kmz files, or folders of them."),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder; the one of each file in it is replaced."),
    ] = Path("simulated"),
    backend: Annotated[
        str, typer.Option(help="What flies: builtin, ardupilot or px4.")
    ] = "builtin",
    wind: Annotated[
        str | None,
        typer.Option(metavar="M_S[,FROM_DEG]", help="Expected wind; each plan's own if not given."),
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="Scenarios, a TOML file; the shipped ones if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of gusts and of all errors of sensors.")] = 1,
    dem: Dem = None,
    drone: Annotated[
        str | None, typer.Option(help="Key of the drone library, for files that do not say it.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="JUnit XML to write.")] = None,
    html: Annotated[Path | None, typer.Option(help="Folder of the report to write.")] = None,
    arducopter: Annotated[
        Path | None, typer.Option(help="Program of ArduCopter (AEROGRID_ARDUCOPTER).")
    ] = None,
    px4: Annotated[Path | None, typer.Option(help="Program of PX4 (AEROGRID_PX4).")] = None,
    speed_up: Annotated[
        float, typer.Option(min=1, max=100, help="Of ArduCopter or PX4, over real time.")
    ] = 10.0,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Fly mission files through scenarios in simulation: a verdict on each; 3 where one fails."""
    from cli import simulating

    raise typer.Exit(
        simulating.run(
            plans, out, backend=backend, wind=wind, scenario=scenario, seed=seed, dem=dem,
            drone=drone, junit=junit, html=html, arducopter=arducopter, px4=px4,
            speed_up=speed_up, config=config, as_json=as_json,
        )
    )  # fmt: skip


@app.command(epilog="Example: aerogrid fly plans/A-1.mission.json --link udp:0.0.0.0:14550 --arm")
def fly(
    mission: Annotated[
        Path, typer.Argument(help="A mission.json that `plan` wrote; with --fleet, their folder.")
    ],
    link: Annotated[
        str | None, typer.Option(help="tcp:HOST:PORT, udp:HOST:PORT or a serial DEVICE,BAUD.")
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder to write; each flight gets a new one in it."),
    ] = Path("flights"),
    arm: Annotated[
        bool,
        typer.Option(
            "--arm", help="Allow a real vehicle to be armed; this file was simulated before."
        ),
    ] = False,
    preflight: Annotated[
        bool, typer.Option("--preflight", help="Only report whether the vehicle is fit to fly.")
    ] = False,
    simulated: Simulated = Path("simulated"),
    system: System = None,
    signing_key: SigningKey = None,
    fleet: Annotated[
        Path | None,
        typer.Option("--fleet", help="Fly a day: a list that `district` wrote, or their folder."),
    ] = None,
    vehicles: Annotated[
        Path | None, typer.Option("--vehicles", help="--fleet: links of the vehicles, TOML.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="--fleet: do not wait for the times of the list.")
    ] = False,
    patience: Annotated[
        float, typer.Option(min=0, help="--fleet: minutes to wait for a vehicle that is not ready.")
    ] = 30.0,
    dem: Dem = None,
    airspace: Airspace = None,
    obstacles: Obstacles = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Upload a sortie to a vehicle, read it back, fly it and keep the log."""
    from cli import fleet_flights, flights

    gates = flights.Gates(simulated, dem, airspace, obstacles, config)
    if fleet is not None:
        if vehicles is None:
            raise typer.BadParameter("give the vehicles of the fleet", param_hint="--vehicles")
        day = fleet_flights.Day(fleet, mission, vehicles, now, 60 * patience)
        raise typer.Exit(fleet_flights.run(day, out, arm=arm, gates=gates, as_json=as_json))
    if link is None:
        raise typer.BadParameter("give the vehicle's link", param_hint="--link")
    vehicle = flights.vehicle_at(link, system, signing_key)
    if preflight:
        raise typer.Exit(flights.report(mission, vehicle, as_json=as_json))
    raise typer.Exit(flights.fly(mission, vehicle, out, arm=arm, gates=gates, as_json=as_json))


@app.command(epilog="Example: aerogrid adherence flights/A/flight.tlog plans/A.mission.json")
def adherence(
    log: Annotated[Path, typer.Argument(help="A .tlog, a .BIN, or a folder that `fly` wrote.")],
    mission: Annotated[Path, typer.Argument(help="The mission.json that was flown.")],
    out: Out = Path("adherence"),
    dem: Dem = None,
    as_json: Json = False,
) -> None:
    """Compare a flight with its plan: rows, heights, photos, ground seen; with a picture."""
    from cli import adhering

    raise typer.Exit(adhering.run(log, mission, out, dem, as_json=as_json))


@app.command(epilog="Example: aerogrid ingest PHOTOS/ --grids cells.gpkg --out patrol/")
def ingest(
    photos: Annotated[Path, typer.Argument(help="Folder of photos, searched through.")],
    out: Out,
    grids: Grids = None,
    zones: Zones = None,
    dem: Dem = None,
    flight: Annotated[
        Path | None,
        typer.Option(
            "--flight",
            help="Flight log (.tlog, .BIN) or folder of them; poses photos without gimbal tags.",
        ),
    ] = None,
    control: Control = None,
    poses: Poses = None,
    ortho: Ortho = None,
    adjust: Adjust = None,
    config: Config = None,
) -> None:
    """Read photos into frames with pose, camera and quality; list those that cannot be used."""
    from cli import analysing

    inputs = analysing.inputs_of(
        photos, grids, zones, dem, control=control, poses=poses, ortho=ortho
    )
    raise typer.Exit(analysing.ingest(inputs, out, flight, config, adjust=adjust))


@app.command(epilog="Example: aerogrid detect patrol/")
def detect(patrol: Patrol, config: Config = None) -> None:
    """Look for buildings, fire and fishing in the photos; COCO JSON and overlays."""
    from cli import analysing

    raise typer.Exit(analysing.detect(patrol, config))


@app.command(epilog="Example: aerogrid locate patrol/")
def locate(patrol: Patrol, config: Config = None) -> None:
    """Put what was detected on the ground; one object seen in many photos becomes one."""
    from cli import analysing

    raise typer.Exit(analysing.locate(patrol, config))


@app.command(epilog="Example: aerogrid file patrol/")
def file(patrol: Patrol, config: Config = None) -> None:
    """Apply the rules to what was observed and file cases in the registry."""
    from cli import analysing

    raise typer.Exit(analysing.file(patrol, config))


@app.command(epilog="Example: aerogrid report patrol/")
def report(patrol: Patrol, config: Config = None) -> None:
    """Write the bulletin of a patrol and its cases as GeoPackage, GeoJSON and CSV."""
    from cli import analysing

    raise typer.Exit(analysing.report(patrol, config))


@app.command(epilog="Example: aerogrid analyze PHOTOS/ --grids cells.gpkg --out patrol/")
def analyze(
    photos: Annotated[Path, typer.Argument(help="Folder of geotagged drone photos.")],
    out: Out,
    grids: Grids = None,
    zones: Zones = None,
    dem: Dem = None,
    control: Control = None,
    poses: Poses = None,
    ortho: Ortho = None,
    adjust: Adjust = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take real drone photos to cases: ingest, detect, locate, file, report."""
    from cli import analysing

    inputs = analysing.inputs_of(
        photos, grids, zones, dem, control=control, poses=poses, ortho=ortho
    )
    raise typer.Exit(analysing.analyze(inputs, out, config, adjust=adjust, as_json=as_json))


rules = typer.Typer(no_args_is_help=True, help="Try the rules that make cases.")
app.add_typer(rules, name="rules")


@rules.command("test", epilog="Example: aerogrid rules test --class flame --at 120.01,32.02")
def rules_test(
    class_name: Annotated[str, typer.Option("--class", help="What was seen: building, flame...")],
    at: Annotated[str, typer.Option("--at", help="Place as LON,LAT.")],
    patrol: Annotated[
        Path | None, typer.Option("--patrol", help="A patrol whose cells, zones, settings count.")
    ] = None,
    grids: Grids = None,
    zones: Zones = None,
    score: Annotated[float, typer.Option(min=0, max=1, help="How surely it was seen.")] = 0.9,
    area: Annotated[float, typer.Option(min=0.01, help="Its size, square metres.")] = 100.0,
    photos: Annotated[int, typer.Option(min=1, help="Photos that show it.")] = 1,
    sigma: Annotated[float, typer.Option(min=0, help="Doubt of its place, metres.")] = 1.0,
    seen: Annotated[str | None, typer.Option(help="ISO time with zone; unknown without.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell which rules fire for a class at a place, and why the others do not."""
    from cli import rule_testing as testing

    place = testing.parse_place(at)
    sight = testing.Sight(class_name, *place, score, area, photos, sigma, testing.parse_time(seen))
    raise typer.Exit(
        testing.run(sight, patrol=patrol, grids=grids, zones=zones, config=config, as_json=as_json)
    )


@app.command(epilog="Example: aerogrid serve patrol/ --port 8000")
def serve(
    patrols: Annotated[list[Path], typer.Argument(help="Folders of patrols of one registry.")],
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 8000,
) -> None:
    """Open the review page of one or more patrols on this machine."""
    from cli import serving

    raise typer.Exit(serving.serve(patrols, port))


@app.command(epilog="Example: aerogrid export patrol/ --case 20260610-0001 --out case.html")
def export(
    patrols: Annotated[list[Path], typer.Argument(help="Folders of patrols of one registry.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")],
    case: Annotated[
        str | None, typer.Option("--case", help="Number of a case: a page that proves itself.")
    ] = None,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="All that was decided on, as COCO for training.")
    ] = False,
) -> None:
    """Hand out a case as a page that proves itself offline, or decisions as COCO."""
    from cli import serving

    if (case is not None) == reviewed:
        raise typer.BadParameter("give either --case NUMBER or --reviewed")
    raise typer.Exit(
        serving.export_reviewed(patrols, out) if case is None else
        serving.export_sheet(patrols, case, out)
    )  # fmt: skip


@app.command(epilog="Example: aerogrid audit patrol/")
def audit(
    patrols: Annotated[
        list[Path] | None, typer.Argument(help="Folders of patrols of one registry.")
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option(help="A hash that an audit or a bulletin told earlier; repeatable."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="A page that `export --case` wrote.")
    ] = None,
) -> None:
    """Check that the registry's history is whole, or with --sheet that a case's page is sound.

    With both, the registry is asked for the page's last entry, too.
    """
    from cli import serving

    if not patrols and sheet is None:
        raise typer.BadParameter("give patrols of a registry, or --sheet FILE")
    raise typer.Exit(serving.audit(patrols or (), head or (), sheet))


@app.command(epilog="Example: aerogrid backup patrol/ --out cases-2026-06-10.sqlite")
def backup(
    patrol: Patrol,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write; a new one each time.")],
) -> None:
    """Copy the patrol's registry while others use it, and prove the copy."""
    from cli import serving

    raise typer.Exit(serving.back_up(patrol, out))


@app.command(epilog="Example: aerogrid restore cases-2026-06-10.sqlite patrol/")
def restore(
    copy: Annotated[Path, typer.Argument(help="File that `backup` wrote.")],
    patrol: Patrol,
) -> None:
    """Bring a backup back into the patrol's registry; what was there before is kept beside it."""
    from cli import serving

    raise typer.Exit(serving.restore(copy, patrol))


@app.command(epilog="Example: aerogrid demo demo --seed 1")
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to write.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Of the district and everything in it.")] = 1,
    cells: Annotated[int, typer.Option(min=1, max=36, help="Cells to patrol.")] = 6,
    workers: Annotated[int, typer.Option(min=1, help="Processes that render photos.")] = 2,
    again: Annotated[
        bool, typer.Option("--again", help="Start anew although cases were decided in the folder.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a synthetic district, patrol it, and compare what was found with what is there."""
    from cli import demo as demonstration

    raise typer.Exit(
        demonstration.run(
            folder, seed=seed, cells=cells, workers=workers, again=again, as_json=as_json
        )
    )


def run() -> None:
    """Run the command line; the one place where errors become messages and exit codes."""
    try:
        app()
    except AerogridError as error:
        console.fail(str(error))
        sys.exit(1)
    except OSError as error:
        console.fail(f"{error.filename or 'file'}: {error.strerror or error}.")
        sys.exit(1)
    except SystemExit as stop:
        if stop.code == 130:
            console.warn("Stopped. Every file that is there is whole.")
        raise

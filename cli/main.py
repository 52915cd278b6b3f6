"""The verbs, their arguments, exit codes; nothing else.

Exit codes: 0 done; 1 stopped with an explained error, nothing half-written; 2 wrong arguments;
3 done in part, what was refused is listed; 130 interrupted, every file is whole.
"""

import sys
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


@app.command(epilog="Example: aerogrid plan --grids cells.geojson --drone dji-m3e --out plans/")
def plan(
    grids: Annotated[Path | None, typer.Option("--grids", help="Grid cells, any CRS.")] = None,
    out: Out = Path("plans"),
    drone: Annotated[str | None, typer.Option(help="Key of the drone library.")] = None,
    mission: Annotated[
        str, typer.Option(help="survey, patrol, oblique, lookout, corridor or revisit.")
    ] = "survey",
    cell: Annotated[list[str] | None, typer.Option(help="Only this cell; repeatable.")] = None,
    height: Annotated[float | None, typer.Option(help="Metres above ground.")] = None,
    home: Annotated[str | None, typer.Option(help="Take-off point as LON,LAT.")] = None,
    lines: Annotated[Path | None, typer.Option(help="corridor: centre lines.")] = None,
    width: Annotated[float | None, typer.Option(help="corridor: width in metres.")] = None,
    farmland: Annotated[Path | None, typer.Option(help="lookout: farmland polygons.")] = None,
    cases: Annotated[Path | None, typer.Option(help="revisit: cases that `report` wrote.")] = None,
    when: Annotated[
        str | None, typer.Option(help="revisit: ISO time with zone, for the sun.")
    ] = None,
    dem: Dem = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Plan sorties over grid cells: .plan, .waypoints, mission.json and a preview for each."""
    from cli import planning

    raise typer.Exit(
        planning.run(
            mission, grids, out, drone=drone, cells=cell, height_agl_m=height, home=home,
            lines=lines, width_m=width, farmland=farmland, cases=cases, when=when, dem=dem,
            config=config, as_json=as_json,
        )
    )  # fmt: skip


@app.command(epilog="Example: aerogrid resume flights/A/flight.tlog plans/A.mission.json")
def resume(
    log: Annotated[Path, typer.Argument(help="The .tlog of the flight that was broken off.")],
    mission: Annotated[Path, typer.Argument(help="The mission.json that was flown.")],
    out: Out = Path("resumed"),
) -> None:
    """Plan exactly what a broken-off flight has left."""
    from cli import kinds

    raise typer.Exit(kinds.resume(log, mission, out))


@app.command(epilog="Example: aerogrid check plans/ --dem dem.tif --airspace zones.gpkg")
def check(
    files: Annotated[list[Path], typer.Argument(help="Mission files, or folders of them.")],
    dem: Dem = None,
    airspace: Annotated[Path | None, typer.Option(help="No-fly zones and ceilings.")] = None,
    obstacles: Annotated[Path | None, typer.Option(help="Obstacles with heights.")] = None,
    drone: Annotated[str | None, typer.Option(help="Key of the drone library.")] = None,
    wind: Annotated[float | None, typer.Option(help="Expected wind, m/s.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check every leg of mission files, ours and foreign, for safety; 3 where one has an error."""
    from cli import checking

    raise typer.Exit(
        checking.run(
            files, dem=dem, airspace=airspace, obstacles=obstacles, drone=drone, wind_m_s=wind,
            config=config, as_json=as_json,
        )
    )  # fmt: skip


@app.command(epilog="Example: aerogrid district --grids d.gpkg --depots d.geojson --fleet f.toml")
def district(
    grids: Annotated[Path, typer.Option("--grids", help="Grid cells, any CRS.")],
    depots: Annotated[Path, typer.Option(help="Points that crews or docks start from.")],
    fleet: Annotated[Path, typer.Option(help="Drones, batteries, chargers, crews; TOML.")],
    out: Out = Path("district"),
    days: Annotated[int, typer.Option(min=1, help="Days to plan.")] = 5,
    first: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD.")] = None,
    dem: Dem = None,
    weather: Annotated[Path | None, typer.Option(help="Weather windows.")] = None,
    history: Annotated[Path | None, typer.Option(help="Last patrol and open cases.")] = None,
    tips: Annotated[Path | None, typer.Option(help="Hotline tickets, CSV.")] = None,
    airspace: Annotated[Path | None, typer.Option(help="No-fly zones and ceilings.")] = None,
    config: Config = None,
) -> None:
    """Plan, route and schedule a whole district: daily flight lists, annex, map."""
    from cli import planning

    raise typer.Exit(
        planning.run_district(
            grids, depots, fleet, out, days=days, first=first, dem=dem, weather=weather,
            history=history, tips=tips, airspace=airspace, config=config,
        )
    )  # fmt: skip


@app.command(epilog="Example: aerogrid simulate plans/ --out simulated/ --wind 6,270")
def simulate(
    plans: Annotated[list[Path], typer.Argument(help="mission.json files, or folders of them.")],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder; the one of each sortie in it is replaced."),
    ] = Path("simulated"),
    seed: Annotated[
        int,
        typer.Option(help="Of errors of GNSS, compass, gimbal and camera clock, and of gusts."),
    ] = 1,
    wind: Annotated[
        str | None,
        typer.Option(
            metavar="M_S,FROM_DEG",
            help="Mean wind, with gusts of a third of it; 3,225 if not given; 0,0 for calm.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fly sorties in the built-in simulated vehicle over MAVLink and say how it went."""
    from cli import flying

    raise typer.Exit(flying.simulate(plans, out, seed=seed, wind=wind, as_json=as_json))


@app.command(epilog="Example: aerogrid fly plans/A-1.mission.json --link udp:0.0.0.0:14550 --arm")
def fly(
    mission: Annotated[Path, typer.Argument(help="A mission.json that `plan` wrote.")],
    link: Annotated[str, typer.Option(help="tcp:HOST:PORT, udp:HOST:PORT or a serial device.")],
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
    simulated: Annotated[
        Path, typer.Option("--simulated", help="Folder that `simulate` wrote; --arm reads it.")
    ] = Path("simulated"),
) -> None:
    """Upload a sortie to a vehicle, read it back, fly it and keep the log."""
    from cli import flying

    raise typer.Exit(flying.fly(mission, link, out, arm=arm, simulated=simulated))


@app.command(epilog="Example: aerogrid ingest PHOTOS/ --grids cells.gpkg --out patrol/")
def ingest(
    photos: Annotated[Path, typer.Argument(help="Folder of photos, searched through.")],
    out: Out,
    grids: Grids = None,
    zones: Zones = None,
    dem: Dem = None,
    flight: Annotated[
        Path | None,
        typer.Option("--flight", help="Folder of flight logs; poses photos without gimbal tags."),
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


@app.command(epilog="Example: aerogrid serve patrol/ --port 8000")
def serve(
    patrols: Annotated[list[Path], typer.Argument(help="Folders of patrols of one registry.")],
    port: Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.")] = 8000,
) -> None:
    """Open the review page of one or more patrols on this machine."""
    from cli import serving

    raise typer.Exit(serving.serve(patrols, port))


@app.command(epilog="Example: aerogrid audit patrol/")
def audit(patrol: Patrol) -> None:
    """Check that the registry's event log is whole and agrees with its cases."""
    from cli import serving

    raise typer.Exit(serving.audit(patrol))


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


def main() -> None:
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

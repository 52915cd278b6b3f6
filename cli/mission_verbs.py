"""The verbs of missions: plan them, look at them, check, simulate and fly them."""

from pathlib import Path
from typing import Annotated

import typer

from cli import plan_options as option
from cli.options import (
    Airspace,
    Config,
    Dem,
    Grids,
    Json,
    Obstacles,
    Out,
    SigningKey,
    Simulated,
    System,
)

verbs = typer.Typer()


@verbs.command(epilog="Example: aerogrid plan --grids cells.geojson --drone dji-m3e --out plans/")
def plan(
    grids: option.Cells = None,
    out: Out = Path("plans"),
    mission: option.Mission = "survey",
    drone: option.Drone = None,
    cell: option.OnlyCells = None,
    height: option.Height = None,
    gsd: option.Gsd = None,
    follow: option.Follow = None,
    wind: option.Wind = None,
    overshoot: option.Overshoot = None,
    home: option.Home = None,
    dem: Dem = None,
    airspace: Airspace = None,
    obstacles: Obstacles = None,
    format: option.Formats = None,
    heading: option.Heading = None,
    pitch: option.Pitch = None,
    directions: option.Directions = 5,
    lines: option.Lines = None,
    width: option.Width = None,
    farmland: option.Farmland = None,
    cases: option.Cases = None,
    when: option.When = None,
    resume: option.Resume = None,
    flown: option.Flown = None,
    refly: option.Refly = None,
    seen_by: option.SeenBy = 3,
    depots: option.Depots = None,
    fleet: option.Fleet = None,
    days: option.Days = 5,
    first: option.FirstDay = None,
    weather: option.Weather = None,
    history: option.History = None,
    tips: option.Tips = None,
    from_cases: option.FromCases = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Plan sorties over cells, what a flight has left (--resume), gaps (--refly), a district."""
    from cli import planning

    settings = planning.settings_of(
        config, gsd, mission, drone=drone, height_agl_m=height, wind_m_s=wind,
        terrain_tolerance_m=follow, overshoot_m=overshoot, formats=format,
    )  # fmt: skip
    asked = planning.asked(
        home=home, when=when, gsd_cm=gsd, pitch_deg=pitch, heading_deg=heading,
        directions=directions, grids=grids, cells=tuple(cell or ()), dem=dem, lines=lines,
        width_m=width, farmland=farmland, cases=cases, airspace=airspace, obstacles=obstacles,
    )  # fmt: skip
    if depots is not None or fleet is not None:
        code = planning.district(
            asked, depots, fleet, out, settings, days=days, first=first, weather=weather,
            history=history, tips=tips, patrol=from_cases, config=config,
        )  # fmt: skip
        raise typer.Exit(code)
    asked = planning.revisiting(asked, mission, from_cases, config)
    if resume is not None:
        code = planning.resume(resume, flown, out, asked, settings, as_json=as_json)
    elif refly is not None:
        code = planning.refly(refly, seen_by, out, asked, settings, as_json=as_json)
    else:
        code = planning.run(mission, out, asked, settings, as_json=as_json)
    raise typer.Exit(code)


@verbs.command(epilog="Example: aerogrid preview flight.plan --dem dem.tif --out map.html")
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


@verbs.command(epilog="Example: aerogrid check plans/ --dem dem.tif --airspace airspace.gpkg")
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


@verbs.command(epilog="Example: aerogrid simulate plans/ --wind 8 --junit out.xml --html report/")
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


@verbs.command(epilog="Example: aerogrid fly plans/A-1.mission.json --link udp:0.0.0.0:14550 --arm")
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


@verbs.command(epilog="Example: aerogrid adherence flights/A/flight.tlog plans/A.mission.json")
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

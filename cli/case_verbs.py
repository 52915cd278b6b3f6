"""The verbs of cases and their registry: review, prove, hand out, copy, try the rules."""

from pathlib import Path
from typing import Annotated

import typer

from cli import serve_options as option
from cli.options import Config, Grids, Json, Patrol, Zones

verbs = typer.Typer()


@verbs.command(epilog="Example: aerogrid serve patrol/ --port 8000")
def serve(
    patrols: option.Patrols,
    port: option.Port = 8000,
    listen: option.Listen = "127.0.0.1",
    host: option.Hosts = None,
    certificate: option.Certificate = None,
    key: option.Key = None,
    behind_proxy: option.BehindProxy = False,
    flights: option.Flights = None,
    airspace: option.Airspace = None,
    obstacles: option.Obstacles = None,
    basemap: option.Basemap = None,
    basemap_frame: option.BasemapFrame = "wgs84",
    basemap_credit: option.BasemapCredit = "",
    photo_index: option.PhotoIndex = None,
) -> None:
    """Open the review page of one or more patrols.

    Patrols that are filed later in a folder of patrols are shown without a restart.

    Others than this machine reach it only with accounts (`aerogrid account`) and over TLS.
    """
    from cli import serving
    from missions.airspace_files import read_airspace
    from review.basemap import Basemap
    from review.server import Listening

    tiles = None if basemap is None else Basemap(basemap, basemap_frame, basemap_credit)
    where = Listening(listen, port, certificate, key, behind_proxy)
    if obstacles is not None and airspace is None:
        raise typer.BadParameter(
            "give --airspace, too: re-fly files need both", param_hint="--obstacles"
        )
    zones = None if airspace is None else read_airspace(airspace, obstacles)
    raise typer.Exit(
        serving.serve(patrols, where, host or (), tiles, flights or (), zones, photo_index)
    )


@verbs.command(epilog="Example: aerogrid export patrol/ --case 20260610-0001 --out case.html")
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


@verbs.command(epilog="Example: aerogrid audit patrol/")
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


@verbs.command(epilog="Example: aerogrid backup patrol/ --out cases-2026-06-10.sqlite")
def backup(
    patrol: Patrol,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write; a new one each time.")],
) -> None:
    """Copy the patrol's registry while others use it, and prove the copy."""
    from cli import serving

    raise typer.Exit(serving.back_up(patrol, out))


@verbs.command(epilog="Example: aerogrid restore cases-2026-06-10.sqlite patrol/")
def restore(
    copy: Annotated[Path, typer.Argument(help="File that `backup` wrote.")],
    patrol: Patrol,
) -> None:
    """Bring a backup back into the patrol's registry; what was there before is kept beside it."""
    from cli import serving

    raise typer.Exit(serving.restore(copy, patrol))


@verbs.command(epilog="Example: aerogrid migrate patrol/ --to postgresql+psycopg://me@host/cases")
def migrate(
    patrol: Patrol,
    to: Annotated[
        str, typer.Option(help="URL of an empty database; its password in PGPASSWORD or ~/.pgpass.")
    ],
) -> None:
    """Copy the patrol's registry to a server of PostgreSQL, and prove that all of it arrived."""
    from cli import serving

    raise typer.Exit(serving.migrate(patrol, to))


rules = typer.Typer(no_args_is_help=True, help="Try the rules that make cases.")
verbs.add_typer(rules, name="rules")


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
    seen: Annotated[
        str | None, typer.Option(help="ISO time with zone; else that of --patrol, or unknown.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell which rules fire for a class at a place, and why the others do not."""
    from cli import console
    from cli import rule_testing as testing

    place = testing.parse_place(at)
    when = None if seen is None else console.moment("--seen", seen)
    sight = testing.Sight(class_name, *place, score, area, photos, sigma, when)
    raise typer.Exit(
        testing.run(sight, patrol=patrol, grids=grids, zones=zones, config=config, as_json=as_json)
    )

"""The verbs from cases to people: assign, deadlines, routes."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Config, Json, Patrol

verbs = typer.Typer()


@verbs.command(epilog="Example: aerogrid dispatch patrol/ --config district.toml")
def dispatch(
    patrol: Patrol,
    config: Config = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell who would get what; assign nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Assign every established case to whoever the routing table says."""
    from cli import dispatching

    raise typer.Exit(dispatching.dispatch(patrol, config, dry_run=dry_run, as_json=as_json))


@verbs.command(epilog="Example: aerogrid due patrol/")
def due(
    patrol: Patrol,
    config: Config = None,
    at: Annotated[
        str | None, typer.Option(help="ISO time with zone at which they are told; else now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List open cases by deadline, overdue ones first."""
    from cli import console, dispatching

    when = None if at is None else console.moment("--at", at)
    raise typer.Exit(dispatching.due(patrol, config, at=when, as_json=as_json))


routes = typer.Typer(no_args_is_help=True, help="Who answers for what: the routing table.")
verbs.add_typer(routes, name="routes")


@routes.command("check", epilog="Example: aerogrid routes check routing.toml --grids cells.gpkg")
def routes_check(
    routing: Annotated[Path, typer.Argument(help="The district's routing table, TOML.")],
    grids: Annotated[Path, typer.Option("--grids", help="Grid cells.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List every cell and category that nobody answers for; exit code 3 where there is one."""
    from cli import dispatching

    raise typer.Exit(dispatching.check_routes(routing, grids, config, as_json=as_json))

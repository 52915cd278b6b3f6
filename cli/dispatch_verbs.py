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


@verbs.command(epilog="Example: aerogrid order patrol/ 20260610-0001 --out orders.pdf")
def order(
    patrol: Patrol,
    cases: Annotated[
        list[str] | None,
        typer.Argument(help="Numbers of cases; without any all that are assigned or handled."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="PDF to write.")] = Path("orders.pdf"),
    config: Config = None,
) -> None:
    """Write work orders, one page each: place, code to navigate, photos, deadline, history."""
    from cli import ordering

    raise typer.Exit(ordering.order(patrol, cases or (), out, config))


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


Since = Annotated[
    str | None,
    typer.Option(help="ISO time with zone from which the first start tells; else the last day."),
]

alerts = typer.Typer(no_args_is_help=True, help="Tell people of cases, and see who was told.")
verbs.add_typer(alerts, name="alerts")


@alerts.command("send", epilog="Example: aerogrid alerts send patrol/ --config district.toml")
def alerts_send(
    patrol: Patrol,
    config: Config = None,
    since: Since = None,
    drain: Annotated[
        bool, typer.Option("--drain", help="End when nothing is left to send, retries included.")
    ] = False,
) -> None:
    """Send alerts of all that happens to the cases, until Ctrl-C; may be killed at any moment."""
    from cli import alerting, console

    begin = None if since is None else console.moment("--since", since)
    raise typer.Exit(alerting.send(patrol, config, since=begin, drain=drain))


@alerts.command("list", epilog="Example: aerogrid alerts list patrol/ --state dead")
def alerts_list(
    patrol: Patrol,
    config: Config = None,
    state: Annotated[str | None, typer.Option(help="waiting, delivered, dead...")] = None,
    case: Annotated[str | None, typer.Option("--case", help="Number of a case.")] = None,
    as_json: Json = False,
) -> None:
    """List the newest alerts with their receipts, and why dead letters died."""
    from cli import alerting

    raise typer.Exit(alerting.show(patrol, config, state=state, case=case, as_json=as_json))


@alerts.command("test", epilog="Example: aerogrid alerts test patrol/ --event file")
def alerts_test(
    patrol: Patrol,
    config: Config = None,
    event: Annotated[
        str | None, typer.Option(help="Suppose that this happened to every open case.")
    ] = None,
    since: Since = None,
    as_json: Json = False,
) -> None:
    """Tell who would get what, and send nothing: of what nobody was told of yet."""
    from cli import alerting, console

    begin = None if since is None else console.moment("--since", since)
    raise typer.Exit(alerting.preview(patrol, config, event=event, since=begin, as_json=as_json))


@alerts.command("retry", epilog="Example: aerogrid alerts retry patrol/")
def alerts_retry(patrol: Patrol, config: Config = None) -> None:
    """Let dead letters be sent again, with the same keys."""
    from cli import alerting

    raise typer.Exit(alerting.retry(patrol, config))


@alerts.command("ack", epilog="Example: aerogrid alerts ack patrol/ TOKEN")
def alerts_ack(
    patrol: Patrol,
    token: Annotated[str, typer.Argument(help="Link of an alert, or the word at its end.")],
    config: Config = None,
) -> None:
    """Acknowledge an alert, so that nobody above is told of it."""
    from cli import alerting

    raise typer.Exit(alerting.acknowledge(patrol, token, config))

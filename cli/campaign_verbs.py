"""The verbs for many patrols at once."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json

verbs = typer.Typer()


@verbs.command(epilog="Example: aerogrid campaign week.toml --local 4")
def campaign(
    run: Annotated[Path, typer.Argument(metavar="RUN.toml", help="Patrols, and where they go.")],
    cluster: Annotated[
        str | None,
        typer.Option(help="Scheduler of a Dask cluster that runs, such as tcp://host:8786."),
    ] = None,
    local: Annotated[
        int | None, typer.Option(min=1, max=256, help="Worker processes to start here; else 2.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take the photos of many patrols to objects on the ground, on this machine or many."""
    from cli import campaigning

    if cluster is not None and local is not None:
        raise typer.BadParameter("--cluster and --local exclude each other")
    raise typer.Exit(campaigning.run(run, cluster, local or 2, as_json=as_json))

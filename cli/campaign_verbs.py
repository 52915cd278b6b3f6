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
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show what Dask itself tells, ends of its parts too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take the photos of many patrols to objects on the ground, on this machine or many."""
    from cli import campaigning

    if cluster is not None and local is not None:
        raise typer.BadParameter("--cluster and --local exclude each other")
    raise typer.Exit(campaigning.run(run, cluster, local or 2, verbose=verbose, as_json=as_json))


@verbs.command(epilog="Example: aerogrid stac patrols/")
def stac(
    folder: Annotated[Path, typer.Argument(help="Folder in which reported patrols lie.")],
) -> None:
    """Write a STAC catalogue into a folder of patrols that leads to that of each one's report."""
    from cli import cataloguing

    raise typer.Exit(cataloguing.run(folder))


photos = typer.Typer(no_args_is_help=True, help="All pictures of a place, out of all patrols.")
verbs.add_typer(photos, name="photos")
Index = Annotated[Path, typer.Option(help="File of the index.")]


@photos.command("add", epilog="Example: aerogrid photos add patrols/* --index photos.sqlite")
def add_photos(
    patrols: Annotated[list[Path] | None, typer.Argument(help="Folders of patrols.")] = None,
    index: Index = Path("photos.sqlite"),
    prune: Annotated[
        bool, typer.Option("--prune", help="Forget patrols whose folders are gone.")
    ] = False,
) -> None:
    """Take the photos of patrols into the index, or take them in anew where they changed."""
    from cli import finding

    if not patrols and not prune:
        raise typer.BadParameter("give folders of patrols, or --prune")
    raise typer.Exit(finding.add(patrols or [], index, prune=prune))


@photos.command("remove", epilog="Example: aerogrid photos remove patrols/june --index all.sqlite")
def remove_photos(
    patrols: Annotated[list[Path], typer.Argument(help="Folders of patrols, gone or not.")],
    index: Index = Path("photos.sqlite"),
) -> None:
    """Take patrols out of the index; their photos and folders stay as they are."""
    from cli import finding

    raise typer.Exit(finding.remove(patrols, index))


@photos.command("find", epilog="Example: aerogrid photos find --at 119.951,32.102")
def find_photos(
    at: Annotated[str | None, typer.Option(help="A place as LON,LAT.")] = None,
    within: Annotated[
        Path | None, typer.Option(help="An area: GeoJSON, GeoPackage, Shapefile or KML.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="Taken from this time on, with its zone.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Taken before this time, with its zone.")
    ] = None,
    index: Index = Path("photos.sqlite"),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for a STAC item collection.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell which photos show a place or some of an area, and when they were taken."""
    from cli import finding

    if (at is None) == (within is None):
        raise typer.BadParameter("give either --at or --within")
    raise typer.Exit(
        finding.find(index, at=at, within=within, first=first, last=last, out=out, as_json=as_json)
    )


@photos.command(
    "retire", epilog="Example: aerogrid photos retire patrols/* --before 2025-01-01T00:00Z"
)
def retire_photos(
    patrols: Annotated[list[Path], typer.Argument(help="Folders of filed patrols.")],
    before: Annotated[str, typer.Option(help="Photos taken from this time on stay; with zone.")],
    do_it: Annotated[
        bool, typer.Option("--yes", help="Remove the files; else only tell what would go.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell which photos nobody needs any more, and with --yes remove their files.

    Evidence of any case stays, and so do all photos of a patrol with a case under way.
    """
    from cli import retiring

    raise typer.Exit(retiring.run(patrols, before, do_it=do_it, as_json=as_json))

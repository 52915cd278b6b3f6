"""All verbs in one program, and its exit codes; nothing else.

Exit codes: 0 done; 1 stopped with an explained error, nothing half-written; 2 wrong arguments;
3 done in part, what was refused is listed; 130 interrupted, every file is whole.
"""

import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from cli import (
    account_verbs,
    campaign_verbs,
    case_verbs,
    console,
    dispatch_verbs,
    mission_verbs,
    model_verbs,
    photo_verbs,
)
from cli.options import Json
from geo.errors import AerogridError

app = typer.Typer(
    name="aerogrid",
    help="The aerial grid officer: drone patrols over grid cells, from plan to reviewed case.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for group in (
    mission_verbs, photo_verbs, campaign_verbs, case_verbs, dispatch_verbs, model_verbs,
):  # fmt: skip
    app.add_typer(group.verbs)
app.add_typer(account_verbs.verbs, name="account")


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


@app.command(epilog="Example: aerogrid demo demo --seed 1")
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to write.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Of the district and everything in it.")] = 1,
    cells: Annotated[int, typer.Option(min=1, max=36, help="Cells to patrol.")] = 6,
    workers: Annotated[int, typer.Option(min=1, help="Processes that render photos.")] = 2,
    again: Annotated[
        bool, typer.Option("--again", help="Start anew although cases were decided in the folder.")
    ] = False,
    weeks: Annotated[
        int | None,
        typer.Option(min=2, max=8, help="Patrol so many weeks; people and the world go on."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a synthetic district, patrol it, and compare what was found with what is there."""
    from cli import demo as demonstration
    from cli import demo_weeks

    if weeks is not None:
        raise typer.Exit(
            demo_weeks.run(
                folder, seed=seed, cells=cells, weeks=weeks, workers=workers, as_json=as_json
            )
        )
    raise typer.Exit(
        demonstration.run(
            folder, seed=seed, cells=cells, workers=workers, again=again, as_json=as_json
        )
    )


_AWAY = re.compile(r"(?:--[\w-]+=)?(?P<url>(?:s3|gs|az)://.*)", re.DOTALL)


def _refuse_urls(given: Iterable[str]) -> None:
    """Refuse addresses in object stores, which only the file of a campaign may hold.

    Taken for paths they would lose a slash, and name nothing that anybody has given.
    """
    for text in given:
        if away := _AWAY.fullmatch(text):
            raise AerogridError(
                f"{away['url']}: lies in an object store, and verbs take folders and files of this "
                "machine; nothing was changed. Mount the bucket, or copy it (rclone, aws s3 sync), "
                "and give the folder; what is removed from a copy stays in the bucket. URLs stand "
                "in the file of `aerogrid campaign`."
            )


def run() -> None:
    """Run the command line; the one place where errors become messages and exit codes."""
    try:
        _refuse_urls(sys.argv[1:])
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

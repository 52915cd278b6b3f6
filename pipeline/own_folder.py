"""EDGE: a folder that is written anew and keeps what somebody else has put into it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.files import replacing
from pipeline.errors import PipelineError
from pipeline.workspace import read_json, write_json

LISTING = "files.json"


@contextmanager
def renewing(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the place of `folder`, whose foreign files move along.

    What an earlier run wrote is known from the list that it left in the folder; all else is
    foreign.

    Raises:
        PipelineError: a foreign file has the name of one that was written now; nothing is changed.
    """
    foreign = foreign_files(folder)
    with replacing(folder) as temporary:
        temporary.mkdir()
        yield temporary
        written = _files(temporary)
        if clashing := [name for name in [*written, LISTING] if name in foreign]:
            raise PipelineError(
                f"{folder / clashing[0]}: was not written by aerogrid, which needs the name. Move "
                "it elsewhere; nothing was changed."
            )
        for name in foreign:
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, target, follow_symlinks=False)
        write_json(temporary / LISTING, {"files": written})


def foreign_files(folder: Path) -> list[str]:
    """Files of a folder that are not in the list of what was written, sorted."""
    ours = own_files(folder)
    return [name for name in _files(folder) if name not in ours]


def own_files(folder: Path) -> frozenset[str]:
    """What a folder's list says was written there, the list among it; nothing without a list."""
    listing = folder / LISTING
    if not listing.is_file():
        return frozenset()
    told = read_json(listing)
    names = told.get("files") if isinstance(told, dict) else None
    if not isinstance(names, list):
        return frozenset()  # a list of somebody else
    return frozenset({LISTING, *map(str, names)})


def _files(folder: Path) -> list[str]:
    """Files and links in a folder and below, by their way from it."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)

"""EDGE: a folder that is written anew and keeps what somebody else has put into it."""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.files import replacing
from pipeline.errors import PipelineError
from pipeline.workspace import read_json, write_json

LISTING = "files.json"

REPORT_FILES = ("bulletin.html", "cases.gpkg", "cases.geojson", "cases.csv")
"""What every report has; one of before the list is known by them."""

_PICTURE = re.compile(r"crops/\d{8}-\d{4,}\.(jpg|tif)")


@contextmanager
def renewing(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the place of `folder`, whose foreign files move along.

    What an earlier run wrote is known from the list that it left in the folder; all else is
    foreign, empty folders too.

    Raises:
        PipelineError: a foreign file has the name of one that was written now; nothing is changed.
    """
    foreign, empty = foreign_files(folder), _empty_folders(folder)
    with replacing(folder) as temporary:
        temporary.mkdir()
        yield temporary
        written = _files(temporary)
        refuse_foreign(folder, [*written, LISTING])
        for name in foreign:
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, target, follow_symlinks=False)
        for name in empty:
            (temporary / name).mkdir(parents=True, exist_ok=True)
        write_json(temporary / LISTING, {"files": written})


def refuse_foreign(folder: Path, names: Iterable[str]) -> None:
    """Refuse a folder in which somebody else's file or empty folder has one of our names."""
    foreign = {*foreign_files(folder), *_empty_folders(folder)}
    if clashing := [name for name in names if name in foreign]:
        raise PipelineError(
            f"{folder / clashing[0]}: was not written by aerogrid, which needs the name. Move "
            "it elsewhere; nothing was changed."
        )


def foreign_files(folder: Path) -> list[str]:
    """Files of a folder that are not in the list of what was written, sorted."""
    ours = own_files(folder)
    return [name for name in _files(folder) if name not in ours]


def own_files(folder: Path) -> frozenset[str]:
    """What a folder's list says was written there, the list among it.

    Without a list it is what reports of before the list held, where all of that is there.
    """
    listing = folder / LISTING
    if not listing.is_file():
        return _files_of_before(folder)
    told = read_json(listing)
    names = told.get("files") if isinstance(told, dict) else None
    if not isinstance(names, list):
        return frozenset()  # a list of somebody else
    return frozenset({LISTING, *map(str, names)})


def _files_of_before(folder: Path) -> frozenset[str]:
    if not all((folder / name).is_file() for name in REPORT_FILES):
        return frozenset()  # no report: what has such a name is somebody else's
    pictures = filter(_PICTURE.fullmatch, _files(folder))
    return frozenset((*REPORT_FILES, *pictures))


def _empty_folders(folder: Path) -> list[str]:
    """Folders below a folder that hold nothing, by their way from it."""
    found = (path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())
    empty = (path for path in found if not any(path.iterdir()))
    return sorted(path.relative_to(folder).as_posix() for path in empty)


def _files(folder: Path) -> list[str]:
    """Files and links in a folder and below, by their way from it."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)

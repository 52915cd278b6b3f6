"""EDGE: how a file or folder is replaced: as a whole or not at all."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from geo.errors import AerogridError

_PREFIX = ".writing-"
_TEMPORARY = re.compile(rf"{re.escape(_PREFIX)}\w+[/\\]")


class WriteError(AerogridError):
    """A file that could not be written; what was there before is unchanged."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its name when all went well.

    Works for a file and for a folder; a folder that is replaced goes with all it holds. Folders
    that had to be made for it go again when it is not written.
    """
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=_PREFIX) as folder:
            temporary = Path(folder) / path.name
            yield temporary
            _exchange(temporary, path, Path(folder) / f"{path.name}.old")
    except OSError as error:
        if not _is_about(error, path):
            raise
        raise WriteError(
            _without_temporary(
                f"{path}: cannot be written ({error.strerror or error}). "
                "Free space or choose another folder; what was there before is unchanged."
            )
        ) from error
    finally:
        if not path.exists():
            _remove_empty(made)


def require_writable(path: Path) -> None:
    """See before any work that a file or folder can be made at a path; nothing is left there.

    Raises:
        WriteError: it cannot.
    """
    nearest = next(folder for folder in path.absolute().parents if folder.exists())
    try:
        with tempfile.TemporaryDirectory(dir=nearest, prefix=_PREFIX):
            pass
    except OSError as error:
        raise WriteError(
            f"{path}: cannot be written ({error.strerror or error}). Choose a folder of yours; "
            "nothing was done."
        ) from error


def _without_temporary(message: str) -> str:
    """Name files within folders that are being replaced by where they would have come to be."""
    return _TEMPORARY.sub("", message)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, innermost first, as far as they are there and empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _exchange(new: Path, path: Path, old: Path) -> None:
    """Put the new in place; a folder cannot be renamed over another, so the old steps aside."""
    if not (path.is_dir() and new.is_dir()):
        os.replace(new, path)
        return
    os.rename(path, old)
    with ExitStack() as undo:
        undo.callback(os.rename, old, path)
        os.rename(new, path)
        undo.pop_all()


def _is_about(error: OSError, path: Path) -> bool:
    """Tell a failed write here from a failed read elsewhere."""
    if error.filename is None:
        return True
    named = Path(os.fsdecode(error.filename))
    return named == path or path.parent in (named, *named.parents)

"""EDGE: files of a patrol that lie in an object store, on this machine while a task needs them."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from geo.errors import AerogridError
from pipeline import places
from pipeline.errors import PipelineError
from pipeline.job import Job

_OPEN: set[Path] = set()
"""Folders of the tasks that this process has in hand."""
_PREFIX, _LOCK = "aerogrid-copies-", ".in-use"


def drop_all() -> None:
    """Remove the copies of all tasks, as a process does that ends in the midst of them."""
    for folder in tuple(_OPEN):
        _remove(folder)


@contextmanager
def _copies() -> Iterator[Path]:
    """A temporary folder, locked while its process lives, so that another one sweeps it if killed.

    Numbers of processes would not do: in a container the next worker has that of the killed one.
    """
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    _OPEN.add(folder)
    try:
        with (folder / f"{_LOCK}-soon").open("x") as lock:
            with suppress(OSError):  # where there are no locks nobody sweeps either
                fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / f"{_LOCK}-soon").rename(folder / _LOCK)  # by its name it is locked already
            yield folder
    finally:
        _remove(folder)
        _OPEN.discard(folder)


def _sweep(temporary: Path) -> None:
    """Remove the copies of processes that were killed."""
    for lock in temporary.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError), lock.open("r+") as file:  # in use, another user's, or gone by now
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(lock.parent)


def _remove(folder: Path) -> None:
    """Remove copies, the lock last: without it nobody would know that what is left may go."""
    for scheme in places.SCHEMES:
        shutil.rmtree(folder / scheme, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def at_hand(job: Job, needed: Iterable[Path]) -> Iterator[Job]:
    """The job with the files that a task needs within reach; they go again with the block.

    An orthophoto is not copied: photos lie on little of it, and that is read where it is. A job
    whose files are on this machine, or on a drive of it, is given as it is.
    """
    if not places.is_away(job.root):
        yield job
        return
    with _copies() as folder, ExitStack() as opened:
        for place in needed:
            if place == job.patrol.inputs.ortho:
                opened.enter_context(places.by_parts())
                places.refer(place, folder)
            else:
                places.fetch(place, folder)
        here = job.below(folder)
        here.patrol.inputs.photos.mkdir(parents=True, exist_ok=True)
        here.root.mkdir(parents=True, exist_ok=True)
        try:
            yield here
        except AerogridError as error:
            raise PipelineError(_as_given(str(error), folder)) from error


def bring_back(here: Job, job: Job, written: Iterable[Path] | None = None) -> None:
    """Put what was written into the patrol's folder, by default all of it, where it belongs."""
    if not places.is_away(job.root):
        return
    for path in sorted(here.root.iterdir() if written is None else written):
        if path.is_file():
            places.write(job.root / path.name, path.read_bytes())


def _as_given(message: str, folder: Path) -> str:
    """Name files by their URLs."""
    for scheme in places.SCHEMES:
        message = message.replace(f"{folder}/{scheme}/", f"{scheme}://")
    return message

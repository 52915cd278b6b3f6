"""EDGE: one campaign for a folder: two would do the same work twice and forget each other's."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.files import WriteError
from pipeline.errors import PipelineError
from pipeline.patrol_steps import LEDGERS
from pipeline.places import is_away

_LOCK = ".lock"  # no patrol's name begins so
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def only_campaign(out: Path) -> Iterator[None]:
    """Hold the right to do campaigns into a folder; the system gives it back, however we end.

    In an object store, or on a drive that knows no locks, nothing is held.

    Raises:
        PipelineError: another campaign holds it.
        WriteError: the folder cannot be made.
    """
    if is_away(out):
        yield
        return
    path = out / LEDGERS / _LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{path}: cannot be written ({error.strerror or error})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise PipelineError(
                f"{out}: another campaign writes into this folder ({lock.read().strip()}). Let it "
                "end, or end it; what it has finished is not done again."
            ) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise WriteError(f"{path}: cannot be locked ({error.strerror})") from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()} of {socket.gethostname()}\n")
        lock.flush()
        yield

"""EDGE: heads of the history, kept in a file beside the registry.

Each line is the number and the hash of an entry that was the last one when a write had ended. Who
sets the registry back without this file leaves heads that its history no longer holds.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cases.errors import RegistryError
from cases.model import Head
from geo.files import replacing

_TAIL_BYTES = 256
"""More than any line takes."""


class HeadFile:
    """A file of heads that only grows."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with the first head."""
        self.path = path

    def read(self) -> tuple[Head, ...]:
        """Read all heads; a line that a power cut has torn is left out."""
        try:
            lines = self.path.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise RegistryError(f"{self.path}: cannot be read ({error.strerror})") from error
        return tuple(head for line in lines if (head := _head(line, self.path.name)))

    @contextmanager
    def appending(self) -> Iterator[Callable[[Head], None]]:
        """Open the file before a commit, so that a head that cannot be kept stops it."""
        try:
            with self.path.open("ab+") as file:
                yield lambda head: _append(file.fileno(), head)
        except OSError as error:
            raise RegistryError(
                f"{self.path}: the head of the history cannot be kept ({error.strerror}); free "
                "space, give write permission to the file and its folder, and look the case up: "
                "what you did may have been taken already"
            ) from error

    def replace(self, heads: Sequence[Head]) -> None:
        """Hold these heads and no others, as a whole or not at all."""
        with replacing(self.path) as temporary:
            lines = "".join(f"{head.seq} {head.hash}\n" for head in heads)
            temporary.write_text(lines, encoding="ascii")


def heads_beside(registry: Path) -> HeadFile:
    """Name the file of heads that lies beside a registry."""
    return HeadFile(registry.with_name(f"{registry.name}.heads"))


def _head(line: str, source: str) -> Head | None:
    number, _, hashed = line.partition(" ")
    is_whole = number.isdecimal() and len(hashed) == 64
    return Head(int(number), hashed, source) if is_whole else None


def _append(descriptor: int, head: Head) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    os.lseek(descriptor, max(0, size - _TAIL_BYTES), os.SEEK_SET)
    tail = os.read(descriptor, _TAIL_BYTES)
    line = f"{head.seq} {head.hash}\n".encode("ascii")
    if tail.endswith(b"\n" + line) or tail == line:
        return
    is_torn = bool(tail) and not tail.endswith(b"\n")
    os.write(descriptor, b"\n" * is_torn + line)
    os.fsync(descriptor)

"""EDGE: what the tasks of a patrol have finished, so that nothing that ended is done again.

A file for each task, named by the hash of all that its result depends on, and written as a whole or
not at all: a temporary name, the disk told to keep it, then its own name; an object store does so
by itself. Two tasks that do the same work write the same file. Its hash stands before what it
holds, in JSON that is written for people as a key of it.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from geo.files import WriteError
from pipeline import places

_DIGEST_BYTES = 32
_TEMPORARY = ".writing-"
_OPENED = b"{\n"
"""What JSON that is written for people begins with."""
_CHECK, _CHECKED = b'{\n "check": "', b'",\n'


class Ledger(Protocol):
    """Entries by name; an entry that does not hold what was put counts as none."""

    def names(self) -> set[str]:
        """Names of all entries."""

    def get(self, name: str) -> bytes | None:
        """Content of an entry; None where there is none, or it is damaged."""

    def put(self, name: str, content: bytes) -> None:
        """Keep an entry."""

    def clear(self, *, keep: str) -> None:
        """Forget all entries but one, once the products are written."""

    def drop(self, name: str) -> None:
        """Forget an entry."""


def ledger_at(root: Path) -> Ledger:
    """The ledger at a place."""
    return StoreLedger(root) if places.is_away(root) else ShardLedger(root)


@dataclass(frozen=True, slots=True)
class ShardLedger:
    """Entries below a folder."""

    root: Path

    def names(self) -> set[str]:
        """Names of all entries."""
        if not self.root.is_dir():
            return set()
        return {path.name for path in self.root.iterdir() if not path.name.startswith(_TEMPORARY)}

    def get(self, name: str) -> bytes | None:
        """Content of an entry; None where there is none, or it is damaged."""
        try:
            raw = (self.root / name).read_bytes()
        except FileNotFoundError:
            return None
        return _unsealed(raw)

    def put(self, name: str, content: bytes) -> None:
        """Keep an entry on disk, over a power cut too.

        Raises:
            WriteError: the disk does not take it; nothing half-written stays.
        """
        temporary = self.root / f"{_TEMPORARY}{secrets.token_hex(8)}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(_sealed(content))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.root / name)
            _sync_folder(self.root)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise WriteError(
                f"{self.root / name}: cannot be written ({error.strerror or error}). Free space "
                "and run the same command again; what was finished is kept."
            ) from error

    def clear(self, *, keep: str) -> None:
        """Forget all entries but one, once the products are written."""
        for path in self.root.iterdir():
            if path.name != keep:
                path.unlink(missing_ok=True)

    def drop(self, name: str) -> None:
        """Forget an entry."""
        (self.root / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class StoreLedger:
    """Entries below a place in an object store, which writes an object as a whole or not at all."""

    root: Path

    def names(self) -> set[str]:
        """Names of all entries."""
        return set(places.stamps_below(self.root))

    def get(self, name: str) -> bytes | None:
        """Content of an entry; None where there is none, or it is damaged."""
        raw = places.read(self.root / name)
        return None if raw is None else _unsealed(raw)

    def put(self, name: str, content: bytes) -> None:
        """Keep an entry."""
        places.write(self.root / name, _sealed(content))

    def clear(self, *, keep: str) -> None:
        """Forget all entries but one, once the products are written."""
        for name in self.names() - {keep}:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Forget an entry."""
        places.remove(self.root / name)


def _sealed(content: bytes) -> bytes:
    digest = hashlib.sha256(content)
    if content.startswith(_OPENED):
        rest = content.removeprefix(_OPENED)
        return b"".join((_CHECK, digest.hexdigest().encode(), _CHECKED, rest))
    return digest.digest() + content


def _unsealed(raw: bytes) -> bytes | None:
    if raw.startswith(_CHECK):
        told, _, rest = raw.removeprefix(_CHECK).partition(_CHECKED)
        content = _OPENED + rest
        return content if hashlib.sha256(content).hexdigest().encode() == told else None
    digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == digest else None


def name_of(kind: str, *parts: object) -> str:
    """Name an entry by its kind and the hash of all that it depends on."""
    return f"{kind}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:40]}"


def _sync_folder(folder: Path) -> None:
    """Let the disk keep a new name in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

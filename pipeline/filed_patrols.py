"""EDGE: the filed patrols of one registry, by their folders or by one that holds several."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from geo.errors import AerogridError
from pipeline.errors import PipelineError
from pipeline.filing import registry_of
from pipeline.filings import read_filing, refuse_stale_filing, settings_as_filed
from pipeline.inputs import patrol_settings, read_inputs
from pipeline.settings import Settings
from pipeline.telling import Note
from pipeline.workspace import Workspace

_Stamp = tuple[int, int]


def filed_settings(workspace: Workspace) -> Settings:
    """Settings of a patrol, its registry where the cases were filed."""
    return settings_as_filed(workspace, patrol_settings(workspace, None))


def require_filed(patrol: Path) -> None:
    """Refuse a folder without a filed patrol, or with one that was analysed again since."""
    workspace = Workspace(patrol)
    if workspace.filing.exists() and workspace.inputs.exists():
        refuse_stale_filing(workspace)
        return
    if not workspace.frames.exists():
        raise PipelineError(
            f"{patrol}: holds no patrol. Run `aerogrid analyze PHOTOS --out {patrol}` first."
        )
    raise PipelineError(
        f"{patrol}: its cases are not filed yet. Run `aerogrid analyze` again with the same --out, "
        "or the stages that are left: detect, locate, file."
    )


def refuse_other_registries(patrols: Sequence[Path]) -> None:
    """Refuse patrols whose cases lie elsewhere than those of the first one."""
    place = _registry_place(patrols[0])
    for patrol in patrols[1:]:
        _refuse_other_registry(patrol, patrols[0], place)


def _refuse_other_registry(patrol: Path, first: Path, place: str) -> None:
    if _registry_place(patrol) != place:
        raise PipelineError(
            f"{patrol}: its cases are in another registry than those of {first}. Name it "
            "by itself, or file both into one registry (filing.registry in the settings)."
        )


def _registry_place(patrol: Path) -> str:
    workspace = Workspace(patrol)
    registry = registry_of(workspace, filed_settings(workspace))
    return str(registry) if "://" in str(registry) else str(Path(registry).resolve())


@dataclass(frozen=True, slots=True)
class FiledPatrol:
    """A patrol whose cases are in the registry; `photos` is the folder of its photos."""

    workspace: Workspace
    patrol_id: str
    photos: Path


class FiledPatrols:
    """Filed patrols of one registry, each named itself or in a folder of several that is named.

    Such a folder, as the `out` of a campaign, may be empty still. Of a patrol in it that cannot be
    shown is told; one that is named and cannot be shown is refused.
    """

    def __init__(self, named: Sequence[Path]) -> None:
        """Take patrols, and folders of patrols."""
        self._named = {path: _is_of_patrols(path) for path in named}
        self._seen: dict[Path, _Stamp | None] = {}
        self._first: tuple[Path, str] | None = None

    def begin(self, note: Note) -> list[FiledPatrol]:
        """Give those that are there; the first one's registry is that of all.

        Raises:
            AerogridError: a patrol that is named cannot be shown, or there is none at all.
        """
        found = []
        for patrol in self._patrols():
            try:
                found += [] if self._waits(patrol) else [self._taken(patrol)]
            except AerogridError as error:
                if patrol in self._named:
                    raise
                note(str(error))
        self._tell_waiting(note, found)
        return found

    def look(self, note: Note, most: int) -> list[FiledPatrol]:
        """Give those that have come or were filed anew since the last look.

        Where more than `most` have, the next look gives the others.
        """
        found = []
        for patrol in islice(self._fresh(note), most):
            try:
                found.append(self._taken(patrol))
            except AerogridError as error:
                note(str(error))
        return found

    def _patrols(self) -> Iterator[Path]:
        for path, is_of_patrols in self._named.items():
            yield from _patrols_in(path) if is_of_patrols else (path,)

    def _fresh(self, note: Note) -> Iterator[Path]:
        try:
            for patrol in self._patrols():
                if _stamp(patrol) not in (None, self._seen.get(patrol)):
                    yield patrol
        except OSError as error:
            note(f"{error.filename}: cannot be read ({error.strerror}); looked at again later.")

    def _waits(self, patrol: Path) -> bool:
        """Whether it is one of a folder that nobody has filed yet."""
        return patrol not in self._named and _stamp(patrol) is None

    def _taken(self, patrol: Path) -> FiledPatrol:
        self._seen[patrol] = _stamp(patrol)
        require_filed(patrol)
        if self._first is None:
            self._first = patrol, _registry_place(patrol)
        else:
            _refuse_other_registry(patrol, *self._first)
        workspace = Workspace(patrol)
        return FiledPatrol(
            workspace, read_filing(workspace).patrol_id, read_inputs(workspace).photos
        )

    def _tell_waiting(self, note: Note, found: Sequence[FiledPatrol]) -> None:
        """Say what is not there yet, or refuse where nothing is."""
        waiting = [patrol for patrol in self._patrols() if self._waits(patrol)]
        if waiting:
            names = f"{waiting[0]} and {len(waiting) - 1} more" if waiting[1:] else f"{waiting[0]}"
            told = f"{names}: not filed yet, so not shown until `aerogrid file` was run on them."
            if not found:
                raise PipelineError(told)
            note(told)
        if not found:
            require_filed(next(iter(self._named)))
        for path, is_of_patrols in self._named.items():
            if is_of_patrols and not any(True for _ in _patrols_in(path)):
                note(f"{path}: holds no patrol yet; those that are filed there will be shown.")


def _is_of_patrols(folder: Path) -> bool:
    """Whether a folder is no patrol, and is empty or holds some; hidden files do not count."""
    workspace = Workspace(folder)
    if workspace.frames.exists() or workspace.filing.exists() or not folder.is_dir():
        return False
    is_empty = all(name.startswith(".") for name in os.listdir(folder))
    return is_empty or any(True for _ in _patrols_in(folder))


def _patrols_in(folder: Path) -> Iterator[Path]:
    """Patrols in a folder by name, filed or not."""
    for name in sorted(os.listdir(folder)):
        if not name.startswith(".") and Workspace(folder / name).frames.exists():
            yield folder / name


def _stamp(patrol: Path) -> _Stamp | None:
    """Tell one filing of a patrol from the next; None where it is not filed."""
    try:
        status = Workspace(patrol).filing.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size

"""A patrol of a campaign as its tasks know it."""

from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.campaign import SECONDS_PER_PHOTO, Patrol
from pipeline.places import Stamp
from pipeline.settings import Settings
from pipeline.shard_ledger import Ledger, ledger_at
from pipeline.workspace import Workspace
from vision.detector import TORCH_BF16

_BY_GPUS = (TORCH_BF16, "torch")  # the other where a worker was said to have a GPU and has none
BASE_S = 600.0
"""That any task may take, whatever its photos: a model is loaded, a map copied from a store."""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo that is to be read.

    Attributes:
        path: below the patrol's photo folder.
        stamp: its size and what changes with it.
    """

    photo_id: str
    path: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Job:
    """A patrol of a campaign as its tasks know it.

    Attributes:
        root: folder of the patrol.
        ledger: folder of what its tasks have finished.
        model_sha256: digest of the model, so that no worker searches with another one.
        version: of aerogrid, so that no worker of another version takes part.
        gpus: whether workers with a GPU may search, in less than the precision of the settings.
        seconds_per_photo: that a task may take for each of its photos, besides `BASE_S`.
    """

    patrol: Patrol
    root: Path
    ledger: Path
    settings: Settings
    model_sha256: str
    version: str
    gpus: bool = True
    seconds_per_photo: float = SECONDS_PER_PHOTO

    def limit_s(self, photos: int) -> float:
        """Seconds that a task with so many photos may take on a worker."""
        return BASE_S + self.seconds_per_photo * photos

    @property
    def searched_by(self) -> tuple[str, ...]:
        """What may run the model: that of the settings, and torch for workers with a GPU."""
        backend = self.settings.detecting.backend
        return tuple(dict.fromkeys((backend, *(_BY_GPUS if self.takes_gpus else ()))))

    @property
    def takes_gpus(self) -> bool:
        """Whether searches may go to workers with a GPU; torch does not run the 8-bit model."""
        return self.gpus and self.settings.detecting.backend != "openvino-int8"

    @property
    def workspace(self) -> Workspace:
        """The patrol's folder."""
        return Workspace(self.root)

    @property
    def finished(self) -> Ledger:
        """What its tasks have finished."""
        return ledger_at(self.ledger)

    @property
    def around(self) -> tuple[Path, ...]:
        """Files that the patrol was given besides its photos."""
        given = self.patrol.inputs
        files = (given.cells, given.zones, given.dem, given.control, given.poses, given.ortho)
        return tuple(path for path in (*files, self.patrol.flight) if path is not None)

    def below(self, folder: Path) -> "Job":
        """The same patrol with its files copied below a folder; its ledger stays."""

        def here(path: Path | None) -> Path | None:
            return None if path is None else folder / path

        given = self.patrol.inputs
        inputs = replace(
            given,
            photos=folder / given.photos,
            cells=here(given.cells),
            zones=here(given.zones),
            dem=here(given.dem),
            control=here(given.control),
            poses=here(given.poses),
            ortho=here(given.ortho),
        )
        patrol = Patrol(self.patrol.name, inputs, here(self.patrol.flight))
        return replace(self, patrol=patrol, root=folder / self.root)

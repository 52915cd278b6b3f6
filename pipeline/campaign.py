"""EDGE: what a campaign is told: its patrols, and where their products go; one TOML file."""

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as checked

from pipeline.errors import SettingsError
from pipeline.inputs import Inputs
from pipeline.settings import Settings, explain, read_settings

PHOTOS_PER_TASK = 16

Name = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*$")]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Around(_Told):
    """Files that patrols of one district share; a patrol's own win."""

    grids: Path | None = None
    zones: Path | None = None
    dem: Path | None = None


class _Patrol(_Around):
    name: Name
    photos: Path
    flight: Path | None = None
    gcp: Path | None = None
    poses: Path | None = None
    ortho: Path | None = None


class _Run(_Around):
    """A campaign as its file has it."""

    out: Path
    config: Path | None = None
    photos_per_task: int = Field(default=PHOTOS_PER_TASK, ge=1, le=256)
    patrols: tuple[_Patrol, ...] = Field(min_length=1)

    @checked(mode="after")
    def _names_differ(self) -> Self:
        names = Counter(patrol.name for patrol in self.patrols)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(f"patrols: {', '.join(twice)} occurs twice; each needs its own name")
        return self


@dataclass(frozen=True, slots=True)
class Patrol:
    """One patrol of a campaign.

    Attributes:
        name: of its folder.
        flight: log that poses photos whose tags have no pose.
    """

    name: str
    inputs: Inputs
    flight: Path | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is to be done.

    Attributes:
        out: folder in which each patrol gets its own.
        photos_per_task: photos that a worker takes at once.
    """

    out: Path
    settings: Settings
    patrols: tuple[Patrol, ...]
    photos_per_task: int = PHOTOS_PER_TASK


def read_campaign(path: Path) -> Campaign:
    """Read a campaign; relative paths in it lie beside the file.

    Raises:
        SettingsError: the file or its settings cannot be read, or hold what is not allowed.
    """
    try:
        run = _Run.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not TOML in UTF-8 ({error}).") from error
    except ValidationError as error:
        raise SettingsError(f"{path}: {explain(error)}") from error
    folder = path.resolve().parent
    return Campaign(
        out=folder / run.out,
        settings=read_settings(_beside(folder, run.config)),
        patrols=tuple(_patrol(folder, run, told) for told in run.patrols),
        photos_per_task=run.photos_per_task,
    )


def _patrol(folder: Path, run: _Run, told: _Patrol) -> Patrol:
    inputs = Inputs(
        photos=folder / told.photos,
        cells=_beside(folder, told.grids or run.grids),
        zones=_beside(folder, told.zones or run.zones),
        dem=_beside(folder, told.dem or run.dem),
        control=_beside(folder, told.gcp),
        poses=_beside(folder, told.poses),
        ortho=_beside(folder, told.ortho),
    )
    return Patrol(told.name, inputs, _beside(folder, told.flight))


def _beside(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else folder / path

"""EDGE: what a campaign is told: its patrols, and where their products go; one TOML file."""

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic import model_validator as checked

from pipeline.errors import SettingsError
from pipeline.inputs import Inputs
from pipeline.places import is_away, place_of, url_of
from pipeline.settings import Settings, explain, read_settings

PHOTOS_PER_TASK = 16
SECONDS_PER_PHOTO = 30.0
"""More than ten times what the slowest task was measured to take of a core."""

Name = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*$")]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Patrol(_Told):
    """A patrol as the file has it; of grids, zones and dem `false` takes none of the campaign's."""

    name: Name
    photos: str
    grids: str | Literal[False] | None = None
    zones: str | Literal[False] | None = None
    dem: str | Literal[False] | None = None
    flight: str | None = None
    gcp: str | None = None
    poses: str | None = None
    ortho: str | None = None

    @field_validator("grids", "zones", "dem", mode="before")
    @classmethod
    def _is_place_or_false(cls, told: object) -> object:
        if told is False or (isinstance(told, str) and told):
            return told
        raise ValueError("give a path or URL, or false for none; left out it is the campaign's")


class _Run(_Told):
    """A campaign as its file has it; grids, zones and dem are of patrols that name none."""

    out: str
    grids: str | None = None
    zones: str | None = None
    dem: str | None = None
    config: Path | None = None
    photos_per_task: int = Field(default=PHOTOS_PER_TASK, ge=1, le=256)
    seconds_per_photo: float = Field(default=SECONDS_PER_PHOTO, gt=0.0, allow_inf_nan=False)
    gpus: bool = True
    patrols: tuple[_Patrol, ...] = Field(min_length=1)

    @field_validator("grids", "zones", "dem", mode="before")
    @classmethod
    def _is_place(cls, told: object) -> object:
        if isinstance(told, str) and told:
            return told
        raise ValueError("give a path or URL, or leave it out; false is for single patrols")

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
        out: folder in which each patrol gets its own; as all places of a campaign a path, or a URL
            as `pipeline.places` has it.
        photos_per_task: photos that a worker takes at once.
        gpus: whether workers with a GPU may search, in less than the precision of the settings.
        seconds_per_photo: that a task may take for each of its photos, besides ten minutes.
    """

    out: Path
    settings: Settings
    patrols: tuple[Patrol, ...]
    photos_per_task: int = PHOTOS_PER_TASK
    gpus: bool = True
    seconds_per_photo: float = SECONDS_PER_PHOTO


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
    campaign = Campaign(
        out=place_of(run.out, folder),
        settings=read_settings(None if run.config is None else folder / run.config),
        patrols=tuple(_patrol(folder, run, told) for told in run.patrols),
        photos_per_task=run.photos_per_task,
        gpus=run.gpus,
        seconds_per_photo=run.seconds_per_photo,
    )
    _refuse_mixed(path, campaign)
    return campaign


def _patrol(folder: Path, run: _Run, told: _Patrol) -> Patrol:
    def place(text: str | None) -> Path | None:
        return None if text is None else place_of(text, folder)

    def around(own: str | Literal[False] | None, of_all: str | None) -> Path | None:
        return place(of_all if own is None else own or None)

    inputs = Inputs(
        photos=place_of(told.photos, folder),
        cells=around(told.grids, run.grids),
        zones=around(told.zones, run.zones),
        dem=around(told.dem, run.dem),
        control=place(told.gcp),
        poses=place(told.poses),
        ortho=place(told.ortho),
    )
    return Patrol(told.name, inputs, place(told.flight))


def _refuse_mixed(path: Path, campaign: Campaign) -> None:
    """Refuse places of several kinds: products name what they were made from by relative paths."""
    for patrol in campaign.patrols:
        given = patrol.inputs
        files = (
            given.photos, given.cells, given.zones, given.dem, given.control, given.poses,
            given.ortho, patrol.flight,
        )  # fmt: skip
        for place in files:
            if place is not None and _kind(place) != _kind(campaign.out):
                raise SettingsError(
                    f"{path}: {url_of(place)} and {url_of(campaign.out)} are not in stores of one "
                    "kind. Let photos, out and all that patrols are given be paths, or all URLs "
                    "that begin alike."
                )


def _kind(place: Path) -> str:
    return place.parts[0] if is_away(place) else ""

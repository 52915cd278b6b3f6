"""What a district decides: one frozen value read from one TOML file."""

import codecs
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from cases.database import without_password
from missions.settings import COVERED_SHARE
from pipeline.errors import SettingsError
from vision.model import AcceptableFlaw, Backend

Format = Literal["kmz", "litchi", "fence", "kml", "geojson", "gpkg"]
"""Files that a plan can be written as besides those that it always is."""

SHIPPED = "patrol"
"""The name of the model that comes with aerogrid."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Grids(_Section):
    """How the district's grid file is to be read, where that cannot be guessed."""

    code_pattern: str | None = r"\d{15}"
    fields: dict[str, str] = {}
    crs: str | None = None
    layer: str | None = None
    encoding: str | None = None

    @field_validator("code_pattern")
    @classmethod
    def _is_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"no regular expression ({error})") from error
        return pattern

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, encoding: str | None) -> str | None:
        try:
            codecs.lookup(encoding or "utf-8")
        except LookupError as error:
            raise ValueError('no encoding of text; for example "gbk" or "utf-8"') from error
        return encoding


class Planning(_Section):
    """How patrols are flown; limits carry the date they were looked up on."""

    drone: str = "dji-m3e"
    height_agl_m: float = Field(default=100.0, gt=0, le=1000)
    front_overlap_share: float = Field(default=0.75, ge=0, le=0.95)
    side_overlap_share: float = Field(default=0.7, ge=0, le=0.95)
    covered_share: float = Field(default=COVERED_SHARE, ge=0.5, le=1)
    ceiling_agl_m: float = Field(default=120.0, gt=0)
    ceiling_as_of: date = date(2024, 1, 1)
    fence_margin_m: float = Field(default=30.0, gt=0)
    most_blur_px: float = Field(default=1.0, gt=0)
    wind_m_s: float = Field(default=5.0, ge=0, lt=100)
    overshoot_m: float = Field(default=0.0, ge=0, le=500)
    terrain_tolerance_m: float | None = Field(default=None, gt=0)
    formats: tuple[Format, ...] = ()

    @model_validator(mode="after")
    def _height_below_ceiling(self) -> Self:
        if self.height_agl_m > self.ceiling_agl_m:
            raise ValueError(
                f"height_agl_m {self.height_agl_m:g} is above ceiling_agl_m {self.ceiling_agl_m:g}"
            )
        return self


class Detecting(_Section):
    """How photos are searched."""

    model: str = SHIPPED
    backend: Backend = "onnxruntime"
    accept: tuple[AcceptableFlaw, ...] = ()
    workers: int = Field(default=2, ge=1, le=64)


class Locating(_Section):
    """How photos and what they show are put on the ground."""

    ground_altitude_amsl_m: float | None = None
    terrain_sigma_m: float = Field(default=1.0, ge=0)
    most_clock_offset_s: float = Field(default=300.0, ge=0)
    terrain_has_roofs: bool = True
    adjust: bool = True
    ortho_sigma_m: float = Field(default=0.5, gt=0)


class Filing(_Section):
    """How observations become cases, and where these are kept.

    Attributes:
        registry: path or SQLAlchemy URL of the district's registry, so that patrols meet the
            cases of earlier ones; by default each patrol has its own. Without a password: the
            settings are remembered in the folder of each patrol.
    """

    rules: Path | None = None
    categories: Path | None = None
    registry: str | None = None

    @field_validator("registry")
    @classmethod
    def _without_password(cls, registry: str | None) -> str | None:
        if registry is not None and without_password(registry) != registry:
            raise ValueError(
                "holds a password, which would be copied into every patrol. Take it out and give "
                "it by the environment variable PGPASSWORD or in ~/.pgpass"
            )
        return registry


class Dispatching(_Section):
    """Who is told of cases and until when they are handled.

    Attributes:
        routing: the district's routing table; without one nothing is assigned.
        calendar: its working calendar; by default that of China in 2026.
        alerts: who is told of what; without these settings nobody is.
    """

    routing: Path | None = None
    calendar: Path | None = None
    alerts: Path | None = None


class Reviewing(_Section):
    """How inspectors are checked; needs accounts, so that it is known who decides.

    Attributes:
        second_look_share: of the decisions that somebody else judges once more, blindly.
        control_share: of the cases given to inspectors whose answer is known.
        controls: CSV file of such cases, `case,answer`; second looks that agreed make others.
    """

    second_look_share: float = Field(default=0.05, ge=0, le=1)
    control_share: float = Field(default=0.02, ge=0, le=0.5)
    controls: Path | None = None


class SigningIn(_Section):
    """An OpenID provider by which people may sign in, besides their passwords here.

    Attributes:
        issuer: address of the provider; without one there is none.
        client_id: how the provider knows this page.
        secret: name of the environment variable that holds the client's secret.
        claim: of the ID token that is the name of the account; one that nobody can choose.
    """

    issuer: str | None = None
    client_id: str = "aerogrid"
    secret: str = "AEROGRID_OPENID_SECRET"
    claim: str = "preferred_username"


class Settings(_Section):
    """Everything a patrol needs to know besides its data."""

    grids: Grids = Grids()
    planning: Planning = Planning()
    detecting: Detecting = Detecting()
    locating: Locating = Locating()
    filing: Filing = Filing()
    dispatching: Dispatching = Dispatching()
    reviewing: Reviewing = Reviewing()
    signing_in: SigningIn = SigningIn()

    def of_analysis(self) -> str:
        """All that the products of ingesting, searching and locating depend on, as JSON.

        How patrols are flown, where cases are filed and who is told of them is not in it.
        """
        rules = {"rules", "categories"}
        return self.model_dump_json(
            include={"grids": True, "detecting": True, "locating": True, "filing": rules}
        )


def read_settings(path: Path | None) -> Settings:
    """Read settings from a TOML file; without one the defaults hold."""
    if path is None:
        return Settings()
    try:
        text = path.read_bytes()
        values = tomllib.loads(text.decode("utf-8"))
        return _with_paths_from(path.resolve().parent, Settings.model_validate(values))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not TOML in UTF-8 ({error}).") from error
    except ValidationError as error:
        raise SettingsError(f"{path}: {explain(error)}") from error


def _with_paths_from(folder: Path, settings: Settings) -> Settings:
    """Read relative paths as lying beside the settings file."""
    filing, detecting, dispatching = settings.filing, settings.detecting, settings.dispatching
    registry, reviewing = filing.registry, settings.reviewing
    if registry is not None and "://" not in registry:
        registry = str(folder / registry)
    beside = {**_beside(folder, filing, "rules", "categories"), "registry": registry}
    model = detecting.model if detecting.model == SHIPPED else str(folder / detecting.model)
    return settings.model_copy(
        update={
            "filing": filing.model_copy(update=beside),
            "detecting": detecting.model_copy(update={"model": model}),
            "dispatching": dispatching.model_copy(
                update=_beside(folder, dispatching, *Dispatching.model_fields)
            ),
            "reviewing": reviewing.model_copy(update=_beside(folder, reviewing, "controls")),
        }
    )


def _beside(folder: Path, section: _Section, *names: str) -> dict[str, Path | None]:
    """Paths of a section, relative ones as lying in a folder."""
    paths = {name: getattr(section, name) for name in names}
    return {name: None if path is None else folder / path for name, path in paths.items()}


def explain(error: ValidationError) -> str:
    """Say each wrong value with its place, what it is and what is allowed."""
    return "; ".join(_said(problem) for problem in error.errors())


def _said(problem: ErrorDetails) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    value = problem["input"]
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{place}: there is no such key; see its spelling in the documentation"
    if isinstance(value, dict):  # the fault lies between its values, which the message names
        return f"{place}: {message}" if place else message
    shown = without_password(f'"{value}"') if isinstance(value, str) else value
    if isinstance(value, bool):
        shown = str(value).lower()  # as TOML has it
    return f"{place} = {shown}: {message}"

"""EDGE: in what circumstances a mission must prove itself; read from a TOML file."""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geo.errors import AerogridError

USUAL_WIND_M_S = 5.0
MOST = 50  # scenarios in one file


class ScenarioError(AerogridError):
    """A file of scenarios that cannot be used."""


class Fault(StrEnum):
    """What may go wrong."""

    BATTERY = "battery"
    GPS = "gps"
    LINK = "link"
    RADIO = "radio"
    FENCE = "fence"
    WIND = "wind"
    MOTOR = "motor"


class Phase(StrEnum):
    """Parts of a flight."""

    CLIMB = "climb"
    ROW = "row"
    TURN = "turn"
    TRANSIT = "transit"
    RETURN = "return"


class Expectation(StrEnum):
    """How a flight must end."""

    COMPLETED = "completed"
    HOME = "home"
    LANDED = "landed"


@dataclass(frozen=True, slots=True)
class Scenario:
    """The circumstances of one flight and how it must end.

    Attributes:
        wind_m_s: mean wind; None for the one that is expected.
        gust_share: standard deviation of the gusts over the mean wind.
        battery_share: capacity that the battery has left.
        terrain_raised_m: by how much all ground but that at home is higher than the DEM says.
        fault, at, for_s: what goes wrong, when, and for how long; for good where 0.
    """

    name: str
    expects: Expectation
    wind_m_s: float | None = None
    wind_from_deg: float = 225.0
    gust_share: float = 0.0
    battery_share: float = 1.0
    terrain_raised_m: float = 0.0
    fault: Fault | None = None
    at: Phase = Phase.ROW
    for_s: float = 0.0

    @property
    def sha256(self) -> str:
        """Fingerprint of everything that the scenario is."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def key(self) -> str:
        """The name as part of a file name."""
        return "".join(c if c.isalnum() else "-" for c in self.name.lower())


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    expects: Expectation
    wind_m_s: float | None = Field(default=None, ge=0, le=30)
    wind_from_deg: float = Field(default=225.0, ge=0, le=360)
    gust_share: float = Field(default=0.0, ge=0, le=1)
    battery_share: float = Field(default=1.0, gt=0.1, le=1)
    terrain_raised_m: float = Field(default=0.0, ge=0, le=200)
    fault: Fault | None = None
    at: Phase = Phase.ROW
    for_s: float = Field(default=0.0, ge=0, le=600)

    @model_validator(mode="after")
    def _link_comes_back(self) -> Self:
        if self.fault is Fault.LINK and self.for_s < 10:
            raise ValueError("a link loss needs for_s of 10 or more, after which it is told")
        return self


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: list[_Entry] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        keys = [Scenario(e.name, e.expects).key for e in self.scenario]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"two scenarios would have the file name '{twice[0]}'")
        return self


def shipped_scenarios() -> tuple[Scenario, ...]:
    """The scenarios that come with aerogrid."""
    with as_file(files("simulations") / "scenarios.toml") as path:
        return read_scenarios(path)


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Read a file of scenarios.

    Raises:
        ScenarioError: it cannot be read, or names something that is not known.
    """
    try:
        document = _Document.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path}: is no TOML ({error})") from error
    except ValidationError as error:
        raise ScenarioError(f"{path}: {_first_problem(error)}") from error
    return tuple(Scenario(**entry.model_dump()) for entry in document.scenario)


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place or 'file'}: {first['msg']}{more}; simulations/scenarios.toml shows the form"

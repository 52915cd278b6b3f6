"""What every table that a district edits is checked by, and how its faults are told."""

import tomllib
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from dispatch.errors import DispatchError


class Checked(BaseModel):
    """A part of a table: nothing unknown in it, nothing changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Table = TypeVar("Table", bound=Checked)


def parse_table(kind: type[Table], text: str, source: str, error: type[DispatchError]) -> Table:
    """Read TOML and check it; `source` names the file in the message of the error."""
    try:
        return kind.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{source} is not TOML: {fault}. Correct the line.") from fault
    except ValidationError as fault:
        raise error("\n".join(_lines(fault, source))) from fault


def _lines(fault: ValidationError, source: str) -> list[str]:
    """Name file, field, value and what is allowed, one line a problem."""
    return [f"{source}: {_field(entry)}: {entry['msg']}{_shown(entry)}" for entry in fault.errors()]


def _field(entry: Any) -> str:
    return ".".join(str(part) for part in entry["loc"]) or "file"


def _shown(entry: Any) -> str:
    return "" if isinstance(entry["input"], dict) else f" (got {entry['input']!r})"

"""EDGE: writing the manifest of a model, or some tables of one that is there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.files import replacing
from vision.calibration import fit
from vision.classes import CLASS_NAMES
from vision.metrics import ScoreHistogram

_TABLES = (
    "coarse",
    "mirrored",
    "thresholds",
    "calibration",
    "int8",
    "training",
    "sources",
    "metrics",
)


def calibrations(scores: Mapping[str, Mapping[str, ScoreHistogram]]) -> dict[str, list[float]]:
    """Fit slope and offset of each class to what all sources say of it, for a manifest.

    Args:
        scores: by source, by class.
    """
    found = {}
    for name in CLASS_NAMES:
        fitted = fit([part[name] for part in scores.values() if name in part])
        found[name] = [fitted.slope, fitted.offset]
    return found


def with_tables(path: Path, changes: Mapping[str, Any]) -> None:
    """Write tables and values into a manifest, in the places of those before; all else stays.

    Args:
        path: of the manifest.
        changes: by name; None takes the table out.
    """
    tables = {**tomllib.loads(path.read_text(encoding="utf-8")), **changes}
    write_manifest(path, {name: entry for name, entry in tables.items() if entry is not None})


def _in_order(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Tables that we know as a manifest has them, behind all else in the order given."""
    place = {name: number for number, name in enumerate(_TABLES)}
    return dict(sorted(tables.items(), key=lambda item: place.get(item[0], -1)))


def write_manifest(path: Path, tables: Mapping[str, Any]) -> None:
    """Write values, tables and arrays of tables as TOML, whole or not at all."""
    tables = _in_order(tables)
    plain = {k: v for k, v in tables.items() if not _is_table(v)}
    blocks = ["\n".join(_lines(plain))]
    for key, value in tables.items():
        if isinstance(value, Mapping):
            blocks.append("\n".join([f"[{key}]", *_lines(value)]))
        elif _is_table(value):
            blocks.extend("\n".join([f"[[{key}]]", *_lines(entry)]) for entry in value)
    write_whole(path, "\n\n".join(blocks) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _is_table(value: object) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    raise ValueError(f"a manifest holds texts, numbers and lists, not {type(value).__name__}")

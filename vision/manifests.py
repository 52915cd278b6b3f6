"""EDGE: writing the manifest of a model, and the calibration of one that is there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.files import replacing
from vision.calibration import fit
from vision.classes import CLASS_NAMES
from vision.metrics import ScoreHistogram


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


def with_calibration(path: Path, calibration: Mapping[str, list[float]]) -> None:
    """Write a calibration into a manifest; all else in it stays."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    write_manifest(path, _placed(tables, "calibration", calibration, after=("thresholds",)))


def with_int8(path: Path, entry: Mapping[str, str | int]) -> None:
    """Name the 8-bit model in a manifest; all else in it stays."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    write_manifest(path, _placed(tables, "int8", entry, after=("calibration", "thresholds")))


def _placed(
    tables: Mapping[str, Any], key: str, value: Mapping[str, Any], *, after: tuple[str, ...]
) -> dict[str, Any]:
    """Put a table behind the first of `after` that is there, in the place of the one before."""
    made: dict[str, Any] = {}
    behind = next(name for name in after if name in tables)
    for name, entry in tables.items():
        if name != key:
            made[name] = entry
        if name == behind:
            made[key] = dict(value)
    return made


def write_manifest(path: Path, tables: Mapping[str, Any]) -> None:
    """Write values, tables and arrays of tables as TOML, whole or not at all."""
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

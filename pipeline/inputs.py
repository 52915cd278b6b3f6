"""EDGE: which files and settings a patrol was given, remembered in its folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import PipelineError, SettingsError
from pipeline.settings import Settings, explain, read_settings
from pipeline.workspace import Workspace, read_json, require, write_json


@dataclass(frozen=True, slots=True)
class Inputs:
    """What `ingest` was given; later stages need no file names.

    Attributes:
        cells: grid cells; None files cases without a cell.
        zones: farmland, closed water and the like; None files cases "to check".
        dem: ground heights; None takes level ground at the height the photos tell.
        control: surveyed points marked in photos; None adjusts the photos without.
        ortho: an orthophoto of the area on which photos are found again.
        poses: what another program found of the photos' poses; None takes tags and log alone.
    """

    photos: Path
    cells: Path | None = None
    zones: Path | None = None
    dem: Path | None = None
    control: Path | None = None
    poses: Path | None = None
    ortho: Path | None = None


def write_inputs(workspace: Workspace, inputs: Inputs) -> None:
    """Remember the inputs, relative to the patrol's folder so that both can be moved together."""
    root = workspace.root.resolve()

    def name(path: Path | None) -> str | None:
        return None if path is None else Path(os.path.relpath(path.resolve(), root)).as_posix()

    write_json(
        workspace.inputs,
        {
            "photos": name(inputs.photos),
            "cells": name(inputs.cells),
            "zones": name(inputs.zones),
            "dem": name(inputs.dem),
            "control": name(inputs.control),
            "poses": name(inputs.poses),
            "ortho": name(inputs.ortho),
        },
    )


def read_inputs(workspace: Workspace) -> Inputs:
    """Recall the inputs; a file that has gone since is named."""
    values = _named(workspace.inputs, read_json(require(workspace.inputs, "ingest")))

    def path(key: str) -> Path | None:
        value = values.get(key)
        if value is None:
            return None
        found = Path(os.path.normpath(workspace.root.resolve() / value))
        if not found.exists():
            raise PipelineError(
                f"{found}: the {key} that {workspace.inputs} names is gone. "
                "Put it back, or run `aerogrid ingest` again."
            )
        return found

    photos = path("photos")
    if photos is None:
        raise PipelineError(f"{workspace.inputs}: names no photos. Run `aerogrid ingest` again.")
    others = (path(key) for key in ("cells", "zones", "dem", "control", "poses", "ortho"))
    return Inputs(photos, *others)


def _named(path: Path, told: Any) -> dict[str, str | None]:
    """Check that a file names files."""
    values = told.values() if isinstance(told, dict) else ()
    if not values or not all(value is None or isinstance(value, str) for value in values):
        raise PipelineError(
            f"{path}: is not what `aerogrid ingest` writes: it must hold names of files. Run it "
            "again."
        )
    return dict(told)


def write_patrol_settings(workspace: Workspace, settings: Settings) -> None:
    """Remember the settings, so that later stages need not be told again."""
    write_json(workspace.settings, settings.model_dump(mode="json"))


def patrol_settings(workspace: Workspace, config: Path | None) -> Settings:
    """Take the settings of a file named now, else those that `ingest` was given."""
    if config is not None or not workspace.settings.exists():
        return read_settings(config)
    try:
        return Settings.model_validate(read_json(workspace.settings))
    except ValidationError as error:
        raise SettingsError(f"{workspace.settings}: {explain(error)}") from error

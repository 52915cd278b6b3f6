"""EDGE: one STAC catalogue above those that the reports of many patrols hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.stac import VERSION
from pipeline.workspace import Workspace, read_json, write_json

CATALOG = "catalog.json"
_MADE = "aerogrid-patrols"


@dataclass(frozen=True, slots=True)
class Gathered:
    """A catalogue of patrols.

    Attributes:
        patrols: folders of the patrols that it leads to.
        without: folders of those that have no catalogue, since no report or no located photo.
    """

    path: Path
    patrols: tuple[str, ...]
    without: tuple[str, ...]


def gather_stac(folder: Path) -> Gathered:
    """Write a catalogue into a folder of patrols that leads to those of their reports.

    Raises:
        PipelineError: the folder holds no patrol with one, or a catalogue of somebody else.
    """
    path = folder / CATALOG
    _refuse_foreign(path)
    below = sorted(folder.iterdir()) if folder.is_dir() else []
    patrols = [entry.name for entry in below if Workspace(entry).frames.is_file()]
    found = {name: _told(folder / name / "report" / "stac" / CATALOG) for name in patrols}
    told = {name: catalog for name, catalog in found.items() if catalog is not None}
    if not told:
        raise PipelineError(
            f"{folder}: holds no patrol with a catalogue. Give the folder that patrols lie in, "
            "after `aerogrid report` of each."
        )
    write_json(path, _catalog(told))
    return Gathered(path, tuple(told), tuple(name for name in patrols if name not in told))


def _told(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    told = read_json(path)
    if not isinstance(told, dict) or told.get("type") != "Catalog":
        raise PipelineError(f"{path}: is no catalogue of STAC. Run `aerogrid report` again.")
    return told


def _refuse_foreign(path: Path) -> None:
    if not path.exists():
        return
    told = read_json(path)
    if not isinstance(told, dict) or told.get("id") != _MADE:
        raise PipelineError(
            f"{path}: was not written by `aerogrid stac`, which needs the name. Move it elsewhere; "
            "nothing was changed."
        )


def _catalog(told: dict[str, dict[str, Any]]) -> dict[str, Any]:
    children = [
        {"rel": "child", "href": f"./{name}/report/stac/{CATALOG}", "type": "application/json",
         "title": catalog.get("description", name)}
        for name, catalog in told.items()
    ]  # fmt: skip
    return {
        "type": "Catalog",
        "stac_version": VERSION,
        "id": _MADE,
        "description": f"{len(children)} patrols with their photos and cases",
        "links": [{"rel": "root", "href": f"./{CATALOG}", "type": "application/json"}, *children],
    }

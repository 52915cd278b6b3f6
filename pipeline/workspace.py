"""EDGE: the names of every file of a patrol."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.files import replacing
from pipeline.errors import MissingProductError, PipelineError


@dataclass(frozen=True, slots=True)
class Workspace:
    """One patrol on disk; see docs/workspace.md for what each file holds."""

    root: Path

    @property
    def inputs(self) -> Path:
        """Which files the patrol was given: cells, zones, DEM, photo folder."""
        return self.root / "inputs.json"

    @property
    def settings(self) -> Path:
        """The settings that `ingest` was given."""
        return self.root / "settings.json"

    @property
    def plan(self) -> Path:
        """Folder of the mission files of each sortie."""
        return self.root / "plan"

    @property
    def flight(self) -> Path:
        """Folder of the logs, tracks and camera events of each sortie."""
        return self.root / "flight"

    @property
    def photos(self) -> Path:
        """Photo folder of a patrol that aerogrid flew itself."""
        return self.root / "photos"

    @property
    def feedback(self) -> Path:
        """Photos that officers took at the places of its cases, named by their hashes."""
        return self.root / "feedback"

    @property
    def frames(self) -> Path:
        """Photos with pose, camera and quality."""
        return self.root / "frames.parquet"

    @property
    def remarks(self) -> Path:
        """What is said against each photo, a line each."""
        return self.root / "remarks.csv"

    @property
    def adjustment(self) -> Path:
        """What the adjustment of the poses changed, or why nothing was."""
        return self.root / "adjustment.json"

    @property
    def detections(self) -> Path:
        """What was seen, in pixels; COCO."""
        return self.root / "detections.json"

    @property
    def detection_ledger(self) -> Path:
        """Photos already searched, one JSON line each; lets an interrupted search go on."""
        return self.root / "detections.part.jsonl"

    @property
    def observations(self) -> Path:
        """What was seen, on the ground."""
        return self.root / "observations.gpkg"

    @property
    def unlocated(self) -> Path:
        """Detections and photos that could not be put on the ground, with reasons."""
        return self.root / "unlocated.json"

    @property
    def registry(self) -> Path:
        """Cases, unless filing.registry names a registry of the whole district."""
        return self.root / "cases.sqlite"

    @property
    def filing(self) -> Path:
        """What filing did with each observation, and why."""
        return self.root / "filing.json"

    @property
    def report(self) -> Path:
        """Folder of the bulletin and the case layers."""
        return self.root / "report"

    @property
    def overlays(self) -> Path:
        """Folder of pictures with what was found drawn in."""
        return self.root / "overlays"

    @property
    def found_sheet(self) -> Path:
        """Photos in which something was found, on one sheet."""
        return self.overlays / "found.jpg"

    @property
    def case_sheet(self) -> Path:
        """The cases, and photos of which nothing became a case, on one sheet."""
        return self.overlays / "contact_sheet.jpg"

    @property
    def demo(self) -> Path:
        """What the demonstration was asked for and what it came to."""
        return self.root / "demo.json"


def refuse_foreign_folder(workspace: Workspace) -> None:
    """Refuse a folder that holds files and is no patrol; hidden files do not count."""
    root = workspace.root
    names = {path.name for path in root.iterdir()} if root.is_dir() else set()
    seen = sorted(name for name in names if not name.startswith("."))
    if seen and not _is_patrol(workspace):
        raise PipelineError(
            f"{root}: holds {seen[0]} and is no patrol. Give a new folder, so that no other files "
            "get mixed with the patrol's; nothing was changed."
        )


def _is_patrol(workspace: Workspace) -> bool:
    """Whether `ingest` or the demonstration has begun a patrol here.

    Folders such as photos, plan or report may be anybody's, and say nothing.
    """
    if workspace.frames.is_file():
        return True
    marks = ((workspace.inputs, "photos"), (workspace.demo, "asked"))
    return any(path.is_file() and _names(path, key) for path, key in marks)


def _names(path: Path, key: str) -> bool:
    """Whether a file holds a JSON object with a key."""
    try:
        told = read_json(path)
    except PipelineError:
        return False
    return isinstance(told, dict) and key in told


def require(path: Path, verb: str) -> Path:
    """Return a product's path, or say which verb makes it."""
    if not path.exists():
        raise MissingProductError(f"{path}: is not there yet. Run `aerogrid {verb}` first.")
    return path


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON that a person can read, as a whole or not at all."""
    with replacing(path) as temporary:
        text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file; a damaged one is refused by name."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PipelineError(f"{path}: cannot be read as JSON ({error}).") from error

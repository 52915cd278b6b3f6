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
    def frames(self) -> Path:
        """Photos with pose, camera and quality."""
        return self.root / "frames.parquet"

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
    def products(self) -> tuple[Path, ...]:
        """Every file and folder that a patrol may hold, the plan and the flight included."""
        files = (self.inputs, self.settings, self.frames, self.detections, self.detection_ledger)
        more = (self.observations, self.unlocated, self.registry, self.filing)
        return (*files, *more, self.plan, self.flight, self.photos, self.report, self.overlays)

    @property
    def overlays(self) -> Path:
        """Folder of pictures with what was found drawn in."""
        return self.root / "overlays"


def refuse_foreign_folder(workspace: Workspace) -> None:
    """Refuse a folder that holds files but nothing of a patrol; hidden files do not count."""
    root = workspace.root
    names = {path.name for path in root.iterdir()} if root.is_dir() else set()
    seen = sorted(name for name in names if not name.startswith("."))
    ours = {path.name for path in workspace.products}
    if seen and not ours & names:
        raise PipelineError(
            f"{root}: holds {seen[0]} and nothing of a patrol. Give a new folder, so that no other "
            "files get mixed with the patrol's; nothing was changed."
        )


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

"""The verbs that make and judge models, and what they tell."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast, get_args

import typer

from cli import console
from geo.errors import AerogridError
from geo.files import require_writable
from vision import judged_report, judging
from vision.backends import open_backend
from vision.calibration import pixel_reliability
from vision.data_folders import DataFolder, data_folder
from vision.datasets import SourceData
from vision.detector import Detector
from vision.encoders import ENCODERS, weights_package
from vision.label_marks import LabelProblem
from vision.loading import load_source, write_problems
from vision.model import Backend
from vision.package import SHIPPED_MODEL, ModelPackage

_TRAINING_MODULES = {"torch", "onnx", *map(weights_package, ENCODERS)}
_PROBLEMS_TOLD = 5
_WORKERS = 2
_NOTE = "At the thresholds of the model's manifest, through the search that patrols use."


@contextmanager
def _training_extra() -> Iterator[None]:
    """Say which extra is missing where a module for training is."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in _TRAINING_MODULES:
            raise
        raise AerogridError(
            f"Training needs {error.name}, which is not installed: pip install 'aerogrid[train]'. "
            "Using and judging models does not need it."
        ) from error


def train(config: Path, data: Path, out: Path, start_from: Path | None) -> int:
    """Train, then write the model with its thresholds and figures."""
    with _training_extra():
        from vision import training
    require_writable(out)
    with console.bars() as bars:
        checkpoint = training.train(
            config,
            data,
            out,
            start_from=start_from,
            tell=bars(f"steps on {training.best_device()}"),
        )
    _tell_problem_file(out / "problems.csv")
    return package(config, checkpoint, data, out / "model")


def package(config: Path, checkpoint: Path, data: Path, out: Path) -> int:
    """Write a trained network as a model that patrols can use."""
    with _training_extra():
        from vision import export
    figures = export.package(config, checkpoint, data, out)
    rows = [
        (f"{f.class_name} in {f.source}", f.pictures, f"{f.iou:.3f}", *_counts(f.objects))
        for f in figures
    ]
    columns = ["class and source", "pictures", "IoU", "found", "false", "missed"]
    console.show("On the pictures held back", columns, rows)
    manifest = out / export.MANIFEST
    console.out.print(f"model: {console.where(manifest)}", highlight=False)
    judging = f"aerogrid evaluate --model {manifest} --data {data} --config {config}"
    console.err.print(f"next: [bold]{judging}[/]")  # without --config on what it learnt from, too
    return 0


def _counts(objects: Any) -> tuple[int, int, int]:
    return objects.found, objects.false, objects.missed


def _tell_problem_file(path: Path) -> None:
    if path.is_file():
        count = len(path.read_text(encoding="utf-8").splitlines()) - 1
        console.warn(f"{count} problems in the labels, each in {path}")


def evaluate(
    model: Path | None,
    data: Path,
    config: Path | None,
    out: Path | None,
    *,
    backend: str = "onnxruntime",
    as_json: bool,
) -> int:
    """Judge a model, run by one of the programs, on labelled pictures it was not trained on."""
    run_by = _backend(backend)
    detector = open_backend(model or SHIPPED_MODEL, run_by)
    folder = data_folder(data, config)
    if out is not None:
        require_writable(out)
    worst, problems = judged_report.WorstErrors(), Counter[str]()
    listed: list[LabelProblem] = []
    pixels, seconds = 0, 0.0

    def verdicts() -> Iterator[judging.PictureVerdict]:
        nonlocal pixels, seconds
        for entry in _sources(folder, listed):
            problems[entry.source.name] = len(entry.problems)
            for verdict in _judged(detector, entry):
                worst.see(verdict)
                pixels += verdict.shown.mask.size
                seconds += verdict.seconds
                yield verdict

    groups = judging.tallies(verdicts())
    if not groups:
        raise AerogridError(
            f"{data}: none of its pictures is held back from training; see docs/training.md on "
            "splits, or name the split in a manifest."
        )
    speed = {"megapixels_per_s_and_core": round(pixels / 1e6 / max(seconds, 1e-9), 3)}
    document = _document(detector.package, run_by, groups, problems, speed)
    if out is not None:
        _write(out, document, groups, detector.package, worst, listed)
    _tell(document, listed, out, as_json=as_json)
    return 0


def _backend(name: str) -> Backend:
    for known in get_args(Backend):
        if name == known:
            return cast(Backend, known)
    allowed = ", ".join(get_args(Backend))
    raise typer.BadParameter(f"{name}: give one of {allowed}", param_hint="--backend")


def _sources(folder: DataFolder, listed: list[LabelProblem]) -> Iterator[SourceData]:
    """Load one source after the other, so that only one is in memory."""
    for source in folder.sources:
        entry = load_source(source, folder.root, folder.split)
        listed.extend(entry.problems)
        yield entry


def _judged(detector: Detector, entry: SourceData) -> Iterator[judging.PictureVerdict]:
    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(lambda picture: judging.judge(detector, entry, picture), entry.pictures)


def _document(
    package: ModelPackage,
    backend: Backend,
    groups: dict[tuple[str, str], dict[str, judging.Tally]],
    problems: Counter[str],
    speed: dict[str, float],
) -> dict[str, Any]:
    def of(kind: str) -> dict[str, Any]:
        return {
            name: {"classes": _figures(tallies, package)}
            for (this, name), tallies in groups.items()
            if this == kind
        }

    sources = of("source")
    for name, entry in sources.items():
        entry["label_problems"] = problems[name]
    return {
        "model": {
            "name": package.name, "version": package.version, "sha256": package.sha256,
            "digest": package.digest, "backend": backend, "thresholds": package.thresholds,
        },
        "note": _NOTE,
        "classes": _figures(groups[("all", "")], package),
        "sources": sources,
        "gsd": of("gsd"),
        "speed": speed,
    }  # fmt: skip


def _figures(tallies: dict[str, judging.Tally], package: ModelPackage) -> dict[str, Any]:
    return {n: judging.figures(tallies[n], n, package) for n in package.classes if n in tallies}


def _write(
    out: Path,
    document: dict[str, Any],
    groups: dict[tuple[str, str], dict[str, judging.Tally]],
    package: ModelPackage,
    worst: judged_report.WorstErrors,
    listed: list[LabelProblem],
) -> None:
    curves = {
        name: pixel_reliability(tally.pixels, package.calibration_of(name))
        for name, tally in groups[("all", "")].items()
    }
    judged_report.write_report(out / "report.html", document, curves, worst)
    judged_report.write_figures(out / "report.json", document)
    write_problems(out / "problems.csv", listed)


def _tell(
    document: dict[str, Any], listed: list[LabelProblem], out: Path | None, *, as_json: bool
) -> None:
    for problem in listed[:_PROBLEMS_TOLD]:
        console.warn(str(problem))
    if len(listed) > _PROBLEMS_TOLD:
        more = "problems.csv has all" if out else "give --out to have all listed"
        console.warn(f"{len(listed) - _PROBLEMS_TOLD} more problems in the labels; {more}")
    if as_json:
        console.out.print_json(json.dumps(document, ensure_ascii=False))
        return
    columns = ["class in source", "pictures", "IoU", "AP50", "found", "missed", "false", "ECE"]
    keys = ("pictures", "iou", "ap50", "objects_found", "objects_missed", "objects_false", "ece")
    rows = [
        (f"{name} in {source}", *("" if entry[k] is None else entry[k] for k in keys))
        for source, part in document["sources"].items()
        for name, entry in part["classes"].items()
    ]
    console.show("At the working point", columns, rows)
    if out is not None:
        console.out.print(f"report: {console.where(out / 'report.html')}", highlight=False)

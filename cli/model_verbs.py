"""The verbs that make and judge models."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json, Out

verbs = typer.Typer()

Run = Annotated[Path, typer.Option("--config", help="Run file, TOML; docs/training.md.")]
Data = Annotated[Path, typer.Option("--data", help="Folder of labelled pictures.")]


@verbs.command(epilog="Example: aerogrid train --data DATA/ --config run.toml --out runs/first")
def train(
    data: Data,
    config: Run,
    out: Out,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from",
            help="checkpoint.pt of another run, or a model's manifest (.toml), to learn on from.",
        ),
    ] = None,
) -> None:
    """Train a model on labelled pictures; run again, it goes on where it stopped."""
    from cli import modelling

    raise typer.Exit(modelling.train(config, data, out, start_from))


@verbs.command(epilog="Example: aerogrid package checkpoint.pt --data DATA/ --config run.toml -o M")
def package(
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint.pt that `train` wrote.")],
    data: Data,
    config: Run,
    out: Out,
) -> None:
    """Export a trained network as a model: ONNX, 8-bit ONNX, thresholds, figures, manifest."""
    from cli import modelling

    raise typer.Exit(modelling.package(config, checkpoint, data, out))


@verbs.command(epilog="Example: aerogrid evaluate --data DATA/ --out judged/ --json")
def evaluate(
    data: Data,
    model: Annotated[
        Path | None, typer.Option("--model", help="Manifest of a model; else the shipped one.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help=r"File with \[\[sources]]; else what the folder looks like."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for report.html and report.json.")
    ] = None,
    backend: Annotated[
        str, typer.Option("--backend", help="What runs it: see detecting.backend in the settings.")
    ] = "onnxruntime",
    as_json: Json = False,
) -> None:
    """Judge a model on labelled pictures: pixels, objects, scores, by class, source and GSD."""
    from cli import modelling

    raise typer.Exit(modelling.evaluate(model, data, config, out, backend=backend, as_json=as_json))


@verbs.command(epilog="Example: aerogrid change may.tif june.tif --out changes.geojson")
def change(
    before: Annotated[Path, typer.Argument(help="The earlier orthophoto.")],
    after: Annotated[Path, typer.Argument(help="The later orthophoto.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .geojson or .gpkg.")
    ] = Path("changes.geojson"),
    model: Annotated[
        Path | None, typer.Option("--model", help="Manifest of a model; else the shipped one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find buildings that are new or gone between two orthophotos of one area."""
    from cli import changing

    raise typer.Exit(changing.change(before, after, out, model, as_json=as_json))

"""How a trained network becomes a model package: ONNX file, thresholds, manifest (edge)."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from geo.files import replacing
from vision.checkpoints import load_average, read_checkpoint
from vision.classes import CLASS_NAMES
from vision.datasets import Run, SourceData, TrainingError, read_run
from vision.detector import OnnxDetector
from vision.evaluation import Figure, Predictor
from vision.loading import load_source
from vision.manifests import write_manifest
from vision.measuring import fill_card_beside, look_tables, measure, measured_tables
from vision.network import MEAN, STD, STRIDE_PX
from vision.package import ModelPackage
from vision.quantising import calibration_tiles, quantise
from vision.training import predict

MANIFEST = "patrol.toml"
OPSET = 17
TILE_PX = 512
GSD_RANGE_M = (0.03, 0.25)
_EXAMPLE_SHAPE = (2, 3, 64, 96)
_MAX_DIFFERENCE = 1e-3

INTENDED_USE = "Flags for a person to review; never a verdict."


class Sigmoid(nn.Module):  # type: ignore[misc]
    """A network that answers with probabilities instead of logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        """Return probabilities (N, classes, H, W)."""
        return torch.sigmoid(self.network(image))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near ONNX Runtime comes to torch on the same pictures."""

    max_difference: float
    mask_iou: float
    """IoU of the masks at a probability of 0.5, all classes together; 1 when both are empty."""


def export(checkpoint: Path, out: Path) -> str:
    """Write the averaged network of a checkpoint as ONNX; return the file's SHA-256.

    Input `image` is float32 (N, 3, H, W), RGB, normalised; H and W are multiples of 32.
    Output `probability` is float32 (N, classes, H, W).
    """
    network = Sigmoid(load_average(checkpoint)).eval()
    axes = {0: "batch", 2: "rows", 3: "columns"}
    with replacing(out) as temporary, warnings.catch_warnings():
        # The TorchScript exporter is deprecated but needs no further package.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(_EXAMPLE_SHAPE),),
            str(temporary),
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["probability"],
            dynamic_axes={"image": axes, "probability": axes},
        )
    return hashlib.sha256(out.read_bytes()).hexdigest()


def onnx_predictor(path: Path, threads: int = 1) -> Predictor:
    """Return a predictor that runs an exported file on whole pictures of any size."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def answer(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows, columns = rgb.shape[:2]
        padding = ((0, -rows % STRIDE_PX), (0, -columns % STRIDE_PX), (0, 0))
        values = np.pad(rgb, padding, mode="symmetric").astype(np.float32) / 255
        values = (values - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
        (probability,) = session.run(None, {"image": values.transpose(2, 0, 1)[None]})
        return np.asarray(probability[0, :, :rows, :columns], np.float32)

    return answer


def compare(checkpoint: Path, onnx_path: Path, pictures: Sequence[NDArray[np.uint8]]) -> Agreement:
    """Compare the exported file with the network it came from."""
    network, answer = load_average(checkpoint), onnx_predictor(onnx_path)
    worst, both, either = 0.0, 0, 0
    for rgb in pictures:
        ours, theirs = predict(network, rgb), answer(rgb)
        worst = max(worst, float(np.abs(ours - theirs).max()))
        both += int(((ours >= 0.5) & (theirs >= 0.5)).sum())
        either += int(((ours >= 0.5) | (theirs >= 0.5)).sum())
    return Agreement(worst, both / either if either else 1.0)


def package(run_path: Path, checkpoint: Path, data_root: Path, out_dir: Path) -> list[Figure]:
    """Export, choose thresholds on the validation pictures, measure, and write the manifest.

    Writes `patrol.onnx`, `patrol.toml` and the 8-bit `patrol-int8.onnx` below `out_dir`, and puts
    the figures into the card `patrol.md` where there is one. All figures come from `patrol.onnx`.
    """
    run = read_run(run_path)
    onnx_path = out_dir / "patrol.onnx"
    digest = export(checkpoint, onnx_path)
    data = [load_source(source, data_root, "val") for source in run.sources]
    agreement = compare(checkpoint, onnx_path, [p.rgb for d in data for p in d.pictures[:1]])
    if agreement.max_difference > _MAX_DIFFERENCE:
        raise TrainingError(
            f"{onnx_path} differs from its checkpoint by {agreement.max_difference:.2g} in "
            f"probability; {_MAX_DIFFERENCE} is allowed. Check the versions of torch and onnx."
        )
    measures = measure(OnnxDetector(_unmeasured(run, onnx_path, digest)), data)
    counts, tiles = {}, []
    for source in run.sources:
        taught = load_source(source, data_root, "train")
        counts[source.name] = len(taught.pictures)
        tiles += calibration_tiles(taught, run.model_gsd_m, TILE_PX)
    manifest = out_dir / MANIFEST
    new = {
        **look_tables(run.coarse, run.mirrored),
        **measured_tables(measures),
        "training": _training(run, checkpoint, agreement),
        "sources": [_source_entry(d, counts[d.source.name]) for d in data],
    }
    write_manifest(manifest, {**_head(run, digest), **new})
    quantise(manifest, tiles)
    fill_card_beside(manifest, measures.figures)
    return measures.figures


def _unmeasured(run: Run, onnx_path: Path, digest: str) -> ModelPackage:
    """The package of a model whose thresholds are still to be chosen."""
    head = _head(run, digest)
    return ModelPackage(
        path=onnx_path,
        name=head["name"],
        version=run.version,
        sha256=digest,
        classes=CLASS_NAMES,
        mean=MEAN,
        std=STD,
        model_gsd_m=run.model_gsd_m,
        gsd_range_m=GSD_RANGE_M,
        tile_px=TILE_PX,
        thresholds=dict.fromkeys(CLASS_NAMES, 0.5),
        coarse=run.coarse,
        mirrored=run.mirrored,
    )


def _head(run: Run, digest: str) -> dict[str, Any]:
    return {
        "name": "patrol",
        "version": run.version,
        "intended_use": INTENDED_USE,
        "file": "patrol.onnx",
        "sha256": digest,
        "classes": list(CLASS_NAMES),
        "mean": [round(v, 6) for v in MEAN],
        "std": [round(v, 6) for v in STD],
        "model_gsd_m": run.model_gsd_m,
        "gsd_range_m": list(GSD_RANGE_M),
        "tile_px": TILE_PX,
        "stride_px": STRIDE_PX,
    }


def _training(run: Run, checkpoint: Path, agreement: Agreement) -> dict[str, Any]:
    content = read_checkpoint(checkpoint)
    return {
        "history": list(content["history"]),
        "seed": run.seed,
        "batch": run.batch,
        "crop_px": run.crop_px,
        "encoder": f"EfficientNet-{content['encoder'].capitalize()}, ImageNet weights, Apache-2.0",
        "torch": str(torch.__version__),
        "onnx_max_difference": round(agreement.max_difference, 7),
        "onnx_mask_iou": round(agreement.mask_iou, 6),
    }


def _source_entry(data: SourceData, train_pictures: int) -> dict[str, Any]:
    source = data.source
    return {
        "name": source.name,
        "licence": source.licence,
        "known": list(source.known),
        "train_pictures": train_pictures,
        "val_pictures": len(data.pictures),
    }

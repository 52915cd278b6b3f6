"""EDGE: how a model becomes an 8-bit one: by what its layers say of pictures it was trained on.

ONNX Runtime quantises (it is there anyway, asks nobody on the network, and gives one small ONNX
file whose weights are 8-bit), OpenVINO runs what comes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quant_pre_process,
    quantize_static,
)

from geo.files import replacing
from vision.datasets import SourceData
from vision.detector import Planes
from vision.errors import ModelError
from vision.evaluation import at_model_scale
from vision.manifests import with_tables
from vision.package import ModelPackage, load_package, load_quantised
from vision.tiles import cut_tile, spans

TILES_PER_SOURCE = 25
"""Sources count alike, however many pictures they have."""

_SEED = 5
Tile = NDArray[np.uint8]


def calibration_tiles(data: SourceData, model_gsd_m: float, tile_px: int) -> list[Tile]:
    """Draw tiles (rows, columns, 3) of a source's pictures, cut as in a search; always the same."""
    rng = np.random.default_rng(_SEED)
    tiles = []
    for number in rng.permutation(len(data.pictures))[:TILES_PER_SOURCE]:
        rgb = at_model_scale(data, data.pictures[number], model_gsd_m).rgb
        rows, columns = (spans(side, tile_px) for side in rgb.shape[:2])
        tiles.append(cut_tile(rgb, _one(rows, rng), _one(columns, rng)))
    return tiles


def _one(places: Sequence[tuple[int, int]], rng: np.random.Generator) -> tuple[int, int]:
    return places[int(rng.integers(len(places)))]


class _Tiles(CalibrationDataReader):  # type: ignore[misc]
    """Hands tiles to ONNX Runtime, one by one."""

    def __init__(self, tiles: Iterable[Tile], package: ModelPackage, name: str) -> None:
        planes = Planes(package)
        self._feeds = ({name: planes(tile)} for tile in tiles)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next input by name, None after the last."""
        return next(self._feeds, None)


def quantise(manifest: Path, tiles: Sequence[Tile]) -> ModelPackage:
    """Write the 8-bit model beside a model and name it in the manifest.

    Activations are unsigned and asymmetric between the least and the greatest value that the tiles
    give, weights signed and symmetric by channel. The same tiles, model and version of ONNX Runtime
    give the same bytes.

    Args:
        manifest: of the model.
        tiles: (rows, columns, 3), sides multiples of 32.

    Raises:
        ModelError: the model cannot be used, or there are no tiles.
    """
    package = load_package(manifest)
    if not tiles:
        raise ModelError(f"{manifest}: an 8-bit model takes pictures, and there are none to train")
    session = onnxruntime.InferenceSession(str(package.path), providers=["CPUExecutionProvider"])
    reader = _Tiles(tiles, package, session.get_inputs()[0].name)
    out = package.path.with_name(f"{package.path.stem}-int8.onnx")
    with replacing(out) as temporary:
        prepared = temporary.with_name("prepared.onnx")
        quant_pre_process(str(package.path), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(temporary),
            reader,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    with_tables(manifest, {"int8": _entry(out, len(tiles))})
    return load_quantised(manifest)


def _entry(path: Path, tiles: int) -> dict[str, str | int]:
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "tiles": tiles,
        "onnxruntime": str(onnxruntime.__version__),
    }

"""EDGE: which program runs a model: ONNX Runtime, or OpenVINO or torch where they are installed.

OpenVINO chooses bf16 by itself where the processor has it; here the precision is always stated, so
that the same photos give the same masks. The 8-bit model is a file of its own beside the model,
quantised by `vision.quantising`; what is not 8-bit in it runs in f32.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.detector import Detector, OnnxDetector, Planes, looked_at
from vision.errors import ModelError
from vision.model import Backend
from vision.package import ModelPackage, load_package, load_quantised
from vision.tiles import Maps, blended

_PRECISIONS = {"openvino": "f32", "openvino-bf16": "bf16", "openvino-int8": "f32"}


class OpenVinoDetector:
    """A model package run by OpenVINO on the CPU; may be shared between threads."""

    def __init__(self, package: ModelPackage, *, runs_as: Backend, threads: int = 1) -> None:
        """Load the model.

        Args:
            package: as `vision.package.load_package` returns it.
            runs_as: with f32, or bf16: faster on processors that have it, and a little less exact.
            threads: cores that one picture may use.

        Raises:
            ModelError: OpenVINO is not installed or cannot load the model.
        """
        try:
            import openvino
        except ModuleNotFoundError as error:
            raise ModelError(
                "detecting.backend asks for OpenVINO, which is not installed: "
                "pip install 'aerogrid[openvino]', or choose onnxruntime"
            ) from error
        self.package = package
        self.runs_as = runs_as
        try:
            model = openvino.Core().read_model(str(package.path))
            self._compiled = openvino.Core().compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": _PRECISIONS[runs_as],
                    "INFERENCE_NUM_THREADS": threads,
                    "PERFORMANCE_HINT": "LATENCY",
                },
            )
        except RuntimeError as error:
            raise ModelError(
                f"{package.path}: OpenVINO {openvino.__version__} cannot load it ({error}); "
                "use the backend onnxruntime or export the model again"
            ) from error
        rows, columns = model.input(0).partial_shape[2], model.input(0).partial_shape[3]
        self._fixed = rows.is_static or columns.is_static
        self._planes = Planes(package)
        self._own = threading.local()

    def probabilities(self, image: NDArray[np.uint8]) -> Maps:
        """Maps (classes, rows, columns) of a picture (rows, columns, 3) at the model's GSD."""
        return looked_at(image, self.package, self._maps)

    def _maps(self, image: NDArray[np.uint8]) -> Maps:
        return blended(image, self.run_tile, tile_px=self.package.tile_px, fixed=self._fixed)

    def run_tile(self, tile: NDArray[np.uint8]) -> Maps:
        """Maps of one tile (rows, columns, 3) whose sides are multiples of 32."""
        if not hasattr(self._own, "request"):  # a request serves one thread
            self._own.request = self._compiled.create_infer_request()
        results = self._own.request.infer([self._planes(tile)])
        return np.array(results[0][0], np.float32)


def package_for(manifest: Path, backend: Backend) -> ModelPackage:
    """The model that a program runs: the 8-bit one of the manifest, or the model itself."""
    return load_quantised(manifest) if backend == "openvino-int8" else load_package(manifest)


def open_backend(manifest: Path, backend: Backend, *, threads: int = 1) -> Detector:
    """Load a model by its manifest for one of the programs that can run it."""
    package = package_for(manifest, backend)
    if backend == "onnxruntime":
        return OnnxDetector(package, threads=threads)
    if backend == "torch":
        return _torch_detector(package)
    return OpenVinoDetector(package, runs_as=backend, threads=threads)


def _torch_detector(package: ModelPackage) -> Detector:
    try:
        from vision.torch_backend import TorchDetector
    except ModuleNotFoundError as error:
        raise ModelError(
            f"detecting.backend asks for torch, and {error.name} is not installed: "
            "pip install 'aerogrid[train]', or choose onnxruntime"
        ) from error
    return TorchDetector(package)

"""EDGE: which classes are where in a photo: a model behind a narrow protocol, many photos."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state

from vision.errors import ModelError, PhotoError
from vision.images import read_pinned_rgb
from vision.model import Detection, Frame
from vision.package import ModelPackage, load_package
from vision.polygons import PolygonRules, detections_from_maps
from vision.quality import is_worth_looking
from vision.tiles import Maps, blended, looked_at_mirrored, looked_at_twice, resized, scale_for

TORCH_BF16 = "torch-bf16"
"""How `torch` runs where it sees a GPU."""

_RUNTIME_ERRORS = tuple(
    kind
    for kind in vars(onnxruntime_pybind11_state).values()
    if isinstance(kind, type) and issubclass(kind, Exception)
)
"""What ONNX Runtime raises: one class per status, without a common one but Exception."""


class Detector(Protocol):
    """Anything that finds the classes of a model package in a picture."""

    @property
    def package(self) -> ModelPackage:
        """What the model is and how its figures are to be read."""
        ...

    @property
    def runs_as(self) -> str:
        """What runs it, and in which precision: its masks are those of this alone."""
        ...

    def probabilities(self, image: NDArray[np.uint8]) -> Maps:
        """Maps (classes, rows, columns) of a picture (rows, columns, 3) at the model's GSD."""
        ...


def looked_at(
    image: NDArray[np.uint8],
    package: ModelPackage,
    maps_of: Callable[[NDArray[np.uint8]], Maps],
) -> Maps:
    """Maps of a picture (rows, columns, 3) at the model's GSD, looked at as a package asks."""
    coarse, mirrored = package.coarse, package.mirrored
    if coarse is None:
        maps = maps_of(image)
    else:
        channels = package.channels(coarse.classes)
        maps = looked_at_twice(image, maps_of, scale=coarse.scale, channels=channels)
    if mirrored is None:
        return maps
    channels = package.channels(mirrored.classes)
    return looked_at_mirrored(image, maps, maps_of, above=mirrored.above, channels=channels)


class Planes:
    """Normalises tiles as a model's manifest asks."""

    def __init__(self, package: ModelPackage) -> None:
        scale = np.array(package.std, dtype=np.float32)
        self._gain = (1 / 255 / scale).reshape(3, 1, 1)
        self._offset = (np.array(package.mean, dtype=np.float32) / scale).reshape(3, 1, 1)

    def __call__(self, tile: NDArray[np.uint8]) -> NDArray[np.float32]:
        """From (rows, columns, 3) to float32 (1, 3, rows, columns)."""
        planes = np.ascontiguousarray(tile.transpose(2, 0, 1)).astype(np.float32)
        planes *= self._gain
        planes -= self._offset
        return planes[None]


class OnnxDetector:
    """A model package run by ONNX Runtime on the CPU; may be shared between threads."""

    runs_as = "onnxruntime"

    def __init__(self, package: ModelPackage, *, threads: int = 1) -> None:
        """Load the model.

        Args:
            package: as `vision.package.load_package` returns it.
            threads: cores that one picture may use; 1 is best when photos run side by side.
        """
        self.package = package
        self._session = _session(package, threads)
        inputs = self._session.get_inputs()
        self._input = inputs[0].name
        _, _, rows, columns = inputs[0].shape
        self._fixed = isinstance(rows, int) or isinstance(columns, int)
        self._planes = Planes(package)

    def probabilities(self, image: NDArray[np.uint8]) -> Maps:
        """Maps (classes, rows, columns) of a picture (rows, columns, 3) at the model's GSD."""
        return looked_at(image, self.package, self._maps)

    def _maps(self, image: NDArray[np.uint8]) -> Maps:
        return blended(image, self.run_tile, tile_px=self.package.tile_px, fixed=self._fixed)

    def run_tile(self, tile: NDArray[np.uint8]) -> Maps:
        """Maps of one tile (rows, columns, 3) whose sides are multiples of 32."""
        maps: Maps = self._session.run(None, {self._input: self._planes(tile)})[0][0]
        return maps


def _session(package: ModelPackage, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what matters is raised
    try:
        session = onnxruntime.InferenceSession(
            str(package.path), options, providers=["CPUExecutionProvider"]
        )
    except _RUNTIME_ERRORS as error:
        raise ModelError(
            f"{package.path}: ONNX Runtime {onnxruntime.__version__} cannot load it ({error}); "
            "export the model again with an opset that this version knows"
        ) from error
    channels = session.get_outputs()[0].shape[1]
    if isinstance(channels, int) and channels != len(package.classes):
        raise ModelError(
            f"{package.path}: gives {channels} maps, its manifest names {len(package.classes)} "
            "classes; the two do not belong together"
        )
    return session


def open_detector(manifest_path: Path | None = None, *, threads: int = 1) -> OnnxDetector:
    """Load a model by its manifest for ONNX Runtime; the shipped one without a path."""
    package = load_package(manifest_path) if manifest_path else load_package()
    return OnnxDetector(package, threads=threads)


def detect_frame(
    frame: Frame, folder: Path, detector: Detector, rules: PolygonRules
) -> list[Detection]:
    """Find things in one photo.

    Raises:
        PhotoError: the file is gone, is no longer the one that the frame describes, or is too large
            for the memory.
    """
    try:
        return _detected(frame, folder, detector, rules)
    except MemoryError as error:
        raise PhotoError(
            f"{frame.path}: {frame.width_px} x {frame.height_px} pixels do not fit in memory; "
            "use one worker or smaller pictures"
        ) from error


def _detected(
    frame: Frame, folder: Path, detector: Detector, rules: PolygonRules
) -> list[Detection]:
    package = detector.package
    scale = scale_for(frame.gsd_m, package.model_gsd_m, frame.width_px, frame.height_px)
    size = (max(1, round(frame.width_px * scale)), max(1, round(frame.height_px * scale)))
    image = resized(_read(folder / frame.path, frame.sha256, scale), *size)
    return detections_from_maps(detector.probabilities(image), frame, package, rules)


def _read(path: Path, sha256: str, scale: float) -> NDArray[np.uint8]:
    """Read the photo that a frame describes, and no other that took its place since."""
    try:
        return read_pinned_rgb(path, sha256, scale=scale)
    except PhotoError as error:
        # The photo could be read when the frames were made, so it changed or went away since.
        raise PhotoError(f"{error}; run 'aerogrid ingest' again so that it is listed") from error


def detect_frames(
    frames: Iterable[Frame],
    folder: Path,
    detector: Detector,
    *,
    rules: PolygonRules | None = None,
    workers: int = 2,
) -> Iterator[tuple[Frame, list[Detection]]]:
    """Find things in photos, a few at a time, in the order given.

    Args:
        frames: photos; those that are not worth looking at are passed over.
        folder: that the photos' paths are relative to.
        detector: shared by the workers.
        rules: how maps become polygons.
        workers: photos at once; each takes memory for one picture and its maps.
    """
    chosen = (frame for frame in frames if is_worth_looking(frame))
    rules = rules or PolygonRules()
    waiting: deque[tuple[Frame, Future[list[Detection]]]] = deque()
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="detect")
    try:
        for frame in chosen:
            waiting.append((frame, pool.submit(detect_frame, frame, folder, detector, rules)))
            if len(waiting) > workers + 1:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

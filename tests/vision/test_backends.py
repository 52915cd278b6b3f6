import builtins
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.vision.photos import save_model, textured
from vision.backends import OpenVinoDetector, open_backend
from vision.data_folders import data_folder
from vision.datasets import list_files
from vision.detector import OnnxDetector
from vision.errors import ModelError
from vision.images import read_rgb
from vision.package import SHIPPED_MODEL, load_package, load_quantised

DATA = Path(os.environ.get("AEROGRID_DATA", "../shared"))


def picture():
    """Coloured blocks, in which each class has probabilities of all sizes."""
    return np.concatenate([textured(160, 128, seed) for seed in (1, 2)], axis=1)


def disagreement(one, two):
    """Share of pixels on another side of the class's threshold, by class."""
    thresholds = load_package().thresholds.values()
    return [
        float(((a >= t) != (b >= t)).mean()) for a, b, t in zip(one, two, thresholds, strict=True)
    ]


@pytest.mark.parametrize(("backend", "most"), [("openvino", 1e-4), ("openvino-bf16", 0.02)])
def test_backends_agree_on_every_class(backend, most):
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    reference = open_backend(SHIPPED_MODEL, "onnxruntime").probabilities(picture())
    other = open_backend(SHIPPED_MODEL, backend).probabilities(picture())
    assert other.shape == reference.shape
    assert max(disagreement(reference, other)) <= most
    assert np.abs(other - reference).max() <= (1e-3 if backend == "openvino" else 0.25)


LEAST_IOU = 0.7
"""Of 8-bit masks with those of the model (measured: building 0.75, flame 0.83, others above)."""


def photos_held_back(count=3):
    """Some validation pictures of each source, at a size that is quick."""
    if not (DATA / "vision" / "MANIFEST.csv").is_file():
        pytest.skip("AEROGRID_DATA has no labelled pictures")
    folder = data_folder(DATA)
    return [
        cv2.resize(read_rgb(path), (416, 416))
        for source in folder.sources
        for path in list_files(source, folder.root, "val")[:count]
    ]


def test_the_8_bit_model_agrees_on_every_class_of_real_photos():
    """By ONNX Runtime, which runs it too, since CI has no OpenVINO."""
    whole, small = OnnxDetector(load_package()), OnnxDetector(load_quantised())
    least = np.array(list(whole.package.thresholds.values()))[:, None, None]
    both = either = np.zeros(len(least))
    for photo in photos_held_back():
        one, two = (detector.probabilities(photo) >= least for detector in (whole, small))
        both, either = both + (one & two).sum((1, 2)), either + (one | two).sum((1, 2))
    said = dict(zip(whole.package.classes, zip(both, either, strict=True), strict=True))
    judged = {name: a / b for name, (a, b) in said.items() if b > 2000}
    assert {"building", "smoke", "flame", "boat", "fishing_gear"} <= judged.keys()
    assert min(judged.values()) >= LEAST_IOU, judged


def test_openvino_runs_the_8_bit_model_as_onnxruntime_does():
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    detector = open_backend(SHIPPED_MODEL, "openvino-int8")
    other = detector.probabilities(picture())
    reference = OnnxDetector(load_quantised()).probabilities(picture())
    assert detector.package.digest != load_package().digest
    assert max(disagreement(reference, other)) <= 0.01
    whole = OnnxDetector(load_package()).probabilities(picture())
    assert max(disagreement(whole, other)) <= 0.02


def test_torch_agrees_on_every_class():
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    pytest.importorskip("onnx", reason="the extra train is not installed")
    if torch.cuda.is_available():
        pytest.skip("bf16 on a GPU is judged by its own bound")
    torch.set_num_threads(1)  # two that wait for each other on a busy machine take minutes
    reference = open_backend(SHIPPED_MODEL, "onnxruntime").probabilities(picture())
    other = open_backend(SHIPPED_MODEL, "torch").probabilities(picture())
    assert max(disagreement(reference, other)) <= 1e-4
    assert np.abs(other - reference).max() <= 1e-3


@pytest.mark.parametrize("at_once", [1, 3])
def test_torch_blends_the_tiles_of_a_large_picture_as_the_others_do(monkeypatch, at_once):
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    pytest.importorskip("onnx", reason="the extra train is not installed")
    if torch.cuda.is_available():
        pytest.skip("bf16 on a GPU is judged by its own bound")
    torch.set_num_threads(1)
    monkeypatch.setattr("vision.torch_backend._TILES_AT_ONCE", {"cpu": at_once})
    large = np.tile(picture(), (5, 3, 1))[:530, :601]
    reference = open_backend(SHIPPED_MODEL, "onnxruntime").probabilities(large)
    other = open_backend(SHIPPED_MODEL, "torch").probabilities(large)
    assert other.shape == reference.shape == (7, 530, 601)
    assert np.abs(other - reference).max() <= 1e-3


def test_torch_runs_no_other_network(tmp_path):
    pytest.importorskip("torch", reason="the extra train is not installed")
    pytest.importorskip("onnx")
    with pytest.raises(ModelError, match="another network"):
        open_backend(save_model(tmp_path), "torch")


def test_threads_share_a_model_and_do_not_mix_their_pictures(tmp_path):
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    pytest.importorskip("onnx")
    detector = open_backend(save_model(tmp_path), "openvino")
    pictures = [textured(96, 64, seed) for seed in range(12)]
    with ThreadPoolExecutor(4) as pool:
        for image, maps in zip(pictures, pool.map(detector.probabilities, pictures), strict=True):
            np.testing.assert_allclose(maps, image.transpose(2, 0, 1) / 255, atol=1e-4)


def test_a_model_file_that_is_cut_short_is_refused(tmp_path):
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    pytest.importorskip("onnx")
    manifest = save_model(tmp_path)
    path = load_package(manifest).path
    path.write_bytes(path.read_bytes()[:40])
    package = load_package_of(manifest, path)
    with pytest.raises(ModelError, match=r"OpenVINO .* cannot load it"):
        OpenVinoDetector(package, runs_as="openvino")


def load_package_of(manifest, path):
    """The package of a file that was cut short after its hash was written."""
    import hashlib

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = [
        f'sha256 = "{digest}"' if line.startswith("sha256") else line
        for line in manifest.read_text(encoding="utf-8").splitlines()
    ]
    manifest.write_text("\n".join(lines), encoding="utf-8")
    return load_package(manifest)


def test_without_openvino_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "openvino":
            raise ModuleNotFoundError("No module named 'openvino'", name="openvino")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match=r"pip install 'aerogrid\[openvino\]'"):
        open_backend(SHIPPED_MODEL, "openvino")


def test_without_torch_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "vision.torch_backend", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match=r"pip install 'aerogrid\[train\]'"):
        open_backend(SHIPPED_MODEL, "torch")

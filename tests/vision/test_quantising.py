"""The 8-bit model: what it says against the model itself, and what is refused."""

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.vision.photos import save_model, textured
from vision.datasets import Picture, Source, SourceData
from vision.detector import OnnxDetector
from vision.errors import ModelError
from vision.manifests import with_tables
from vision.package import load_package, load_quantised

pytest.importorskip("onnx", reason="the extra train is not installed")

from vision.quantising import calibration_tiles, quantise

ROOT = Path(__file__).resolve().parents[2]
QUANTISE = """
import sys
from pathlib import Path
from tests.vision.photos import textured
from vision.quantising import quantise
quantise(Path(sys.argv[1]), [textured(64, 64, seed) for seed in range(3)])
"""


def tiles():
    return [textured(64, 64, seed) for seed in range(3)]


def save_convolution(folder):
    """A model of three maps, each a mix of the picture's neighbouring pixels."""
    import onnx
    from onnx import helper, numpy_helper

    manifest = save_model(folder)
    path = load_package(manifest).path
    model = onnx.load(str(path))
    rng = np.random.default_rng(1)
    weights = rng.uniform(0, 0.2, (3, 3, 3, 3)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "weights"))
    mixed = helper.make_node("Conv", ["image", "weights"], ["mixed"], pads=[1, 1, 1, 1])
    model.graph.node.insert(0, mixed)
    model.graph.node[1].input[0] = "mixed"
    before = load_package(manifest).sha256
    onnx.save(model, str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text().replace(before, digest))
    return manifest


def test_an_8_bit_model_says_nearly_the_same_and_all_else_stays(tmp_path):
    manifest = save_convolution(tmp_path)
    before = tomllib.loads(manifest.read_text())
    package = quantise(manifest, tiles())
    after = tomllib.loads(manifest.read_text())
    assert after.pop("int8")["tiles"] == 3
    assert after == before
    whole = OnnxDetector(load_package(manifest)).probabilities(textured(96, 64, 7))
    small = OnnxDetector(package).probabilities(textured(96, 64, 7))
    difference = np.abs(whole - small)
    assert 0 < difference.max() < 0.05
    assert whole.std() > 0.05
    assert package.digest != load_package(manifest).digest


def test_the_same_tiles_give_the_same_bytes_in_another_process(tmp_path):
    manifest = save_convolution(tmp_path)
    here = quantise(manifest, tiles())
    here.path.unlink()
    subprocess.run([sys.executable, "-c", QUANTISE, str(manifest)], cwd=ROOT, check=True)
    assert load_quantised(manifest).sha256 == here.sha256


def test_a_new_calibration_keeps_the_8_bit_model(tmp_path):
    manifest = save_convolution(tmp_path)
    made = quantise(manifest, tiles())
    with_tables(manifest, {"calibration": {"boat": [1.5, 0.0]}})
    kept = load_quantised(manifest)
    assert kept.sha256 == made.sha256
    assert kept.calibration_of("boat").slope == 1.5
    quantise(manifest, tiles())
    assert load_package(manifest).calibration_of("boat").slope == 1.5


def test_nothing_is_written_without_pictures(tmp_path):
    manifest = save_model(tmp_path)
    before = manifest.read_bytes()
    with pytest.raises(ModelError, match="there are none to train"):
        quantise(manifest, [])
    assert manifest.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.onnx", "tiny.toml"]


def test_a_manifest_without_an_8_bit_model_says_how_to_make_one(tmp_path):
    with pytest.raises(ModelError, match=r"names no 8-bit model.*'aerogrid package' writes one"):
        load_quantised(save_model(tmp_path))


def test_another_or_a_missing_8_bit_file_is_refused(tmp_path):
    manifest = save_convolution(tmp_path)
    path = quantise(manifest, tiles()).path
    with path.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match="SHA-256"):
        load_quantised(manifest)
    assert load_package(manifest).path.name == "tiny.onnx"  # the model itself is still good
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_quantised(manifest)


def test_tiles_are_drawn_alike_at_the_models_scale():
    pictures = tuple(
        Picture(f"{n}.png", textured(300, 200, n), np.zeros((200, 300), np.uint8), {})
        for n in range(30)
    )
    data = SourceData(Source("s", "images", ("boat",), gsd_m=0.2), pictures)
    one, two = (calibration_tiles(data, 0.1, 128) for _ in range(2))
    assert len(one) == 25
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert {side % 32 for tile in one for side in tile.shape[:2]} == {0}
    assert max(side for tile in one for side in tile.shape[:2]) <= 128

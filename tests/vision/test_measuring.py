import shutil
import tomllib
from dataclasses import replace

import numpy as np
import pytest

import vision.measuring
from vision.classes import CLASS_NAMES, class_index
from vision.datasets import Picture, Source, SourceData
from vision.measuring import measure, measure_again
from vision.model import CoarseLook, MirrorLook
from vision.package import SHIPPED_MODEL, load_package, load_quantised

LOOK = CoarseLook(0.25, ("smoke",))
MIRROR = MirrorLook(0.2, ("flame", "boat"))


class RedIsSmoke:
    """Says smoke as surely as a pixel is red, and nothing else."""

    runs_as = "test"

    def __init__(self):
        self.package = load_package()

    def probabilities(self, image):
        maps = np.zeros((len(CLASS_NAMES), *image.shape[:2]), np.float32)
        maps[class_index("smoke")] = image[..., 0] / 255
        return maps


def pond(smoke, red):
    """One picture of which the left third is `red`, smoke in truth or not."""
    rgb = np.zeros((60, 60, 3), np.uint8)
    rgb[:, :20, 0] = red
    mask = np.zeros((60, 60), np.uint8)
    mask[:, :20] = smoke
    source = Source("ponds", "i", ("smoke",), masks="m", values={1: ("smoke",)})
    return SourceData(source, (Picture("p", rgb, mask, {}),))


def test_thresholds_and_figures_are_those_of_what_the_detector_says():
    measures = measure(RedIsSmoke(), [pond(smoke=1, red=180)])
    assert measures.thresholds["smoke"] < 180 / 255
    assert measures.thresholds["boat"] == 0.9999, "nothing there tells anything of boats"
    (figure,) = measures.figures
    assert (figure.class_name, figure.iou, figure.objects.found) == ("smoke", 1.0, 1)


def test_a_place_without_smoke_that_looks_like_it_raises_the_threshold():
    smoking, quiet = pond(smoke=1, red=230), pond(smoke=0, red=150)
    quiet = replace(quiet, source=replace(quiet.source, name="quiet"))
    measures = measure(RedIsSmoke(), [smoking, quiet])
    assert 150 / 255 < measures.thresholds["smoke"] < 230 / 255


@pytest.fixture
def manifest(tmp_path):
    for name in ("patrol.toml", "patrol.onnx", "patrol-int8.onnx", "patrol.md"):
        shutil.copy(SHIPPED_MODEL.parent / name, tmp_path / name)
    return tmp_path / "patrol.toml"


def test_measuring_again_writes_the_look_and_keeps_the_model(manifest):
    before, small = load_package(manifest), load_quantised(manifest)
    measures = measure_again(manifest, "9", LOOK, MIRROR, [pond(smoke=1, red=180)])
    after = load_package(manifest)
    assert (after.version, after.coarse, after.mirrored) == ("9", LOOK, MIRROR)
    assert after.thresholds == measures.thresholds
    assert after.sha256 == before.sha256
    assert load_quantised(manifest).sha256 == small.sha256
    assert after.digest != before.digest
    tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    assert [entry["source"] for entry in tables["metrics"]] == ["ponds"]
    assert "| smoke | ponds |" in (manifest.with_suffix(".md")).read_text(encoding="utf-8")


def test_a_model_is_measured_as_it_will_look(manifest, monkeypatch):
    looks = []

    def opened(package):
        looks.append((package.coarse, package.mirrored))
        return RedIsSmoke()

    monkeypatch.setattr(vision.measuring, "OnnxDetector", opened)
    measure_again(manifest, "9", LOOK, MIRROR, [pond(smoke=1, red=180)])
    assert looks == [(LOOK, MIRROR)]


def test_a_look_that_is_no_longer_wanted_is_taken_out(manifest):
    data = [pond(smoke=1, red=180)]
    measure_again(manifest, "9", LOOK, MIRROR, data)
    measure_again(manifest, "10", None, None, data)
    after = load_package(manifest)
    assert (after.coarse, after.mirrored) == (None, None)
    text = manifest.read_text(encoding="utf-8")
    assert "[coarse]" not in text
    assert "[mirrored]" not in text

import hashlib
import tomllib

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is needed for training only")
pytest.importorskip("onnx", reason="onnx is needed for training only")

import onnxruntime  # noqa: E402

from vision.classes import CLASS_NAMES  # noqa: E402
from vision.datasets import Run, Source, TrainingError, read_run  # noqa: E402
from vision.evaluation import Figure  # noqa: E402
from vision.export import _unmeasured, compare, export, onnx_predictor  # noqa: E402
from vision.manifests import write_manifest  # noqa: E402
from vision.measuring import fill_card  # noqa: E402
from vision.metrics import ObjectCounts  # noqa: E402
from vision.package import SHIPPED_MODEL  # noqa: E402
from vision.training import make_learner, save_checkpoint  # noqa: E402


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    run = Run("test", "0", (Source("s", "i", ("boat",)),), steps=1, seed=4)
    learner = make_learner(run, pretrained=False)
    torch.nn.init.normal_(learner.average.head.weight, 0, 2)  # answers that vary
    save_checkpoint(folder / "c.pt", learner, run)
    digest = export(folder / "c.pt", folder / "m.onnx")
    return folder, digest


def pictures():
    rng = np.random.default_rng(8)
    return [rng.integers(0, 255, (n, 70, 3), np.uint8) for n in (64, 90)]


def test_exported_file_answers_as_the_network(exported):
    folder, _ = exported
    agreement = compare(folder / "c.pt", folder / "m.onnx", pictures())
    assert agreement.max_difference < 1e-3
    assert agreement.mask_iou > 0.999


def test_thresholds_are_chosen_with_the_looks_of_the_run(tmp_path):
    run = read_run(SHIPPED_MODEL.with_name("run_patrol.toml"))
    package = _unmeasured(run, tmp_path / "m.onnx", "0")
    assert None not in (run.coarse, run.mirrored)
    assert (package.coarse, package.mirrored) == (run.coarse, run.mirrored)


def test_digest_is_that_of_the_file(exported):
    folder, digest = exported
    assert digest == hashlib.sha256((folder / "m.onnx").read_bytes()).hexdigest()


def test_names_and_free_sizes_are_as_the_detector_expects(exported):
    folder, _ = exported
    session = onnxruntime.InferenceSession(folder / "m.onnx", providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["image"]
    for shape in ((1, 3, 32, 64), (3, 3, 96, 32)):
        (probability,) = session.run(["probability"], {"image": np.zeros(shape, np.float32)})
        assert probability.shape == (shape[0], len(CLASS_NAMES), *shape[2:])


def test_answers_are_probabilities_of_the_picture_s_size(exported):
    folder, _ = exported
    probability = onnx_predictor(folder / "m.onnx")(pictures()[1])
    assert probability.shape == (len(CLASS_NAMES), 90, 70)
    assert 0 <= probability.min() < probability.max() <= 1


def test_manifest_reads_back_as_written(tmp_path):
    tables = {
        "name": 'a "b" \\',
        "mean": [0.5, 1e-07],
        "thresholds": {"boat": 0.25},
        "metrics": [{"class": "boat", "n": 3}, {"class": "smoke", "n": 4}],
    }
    write_manifest(tmp_path / "m.toml", tables)
    assert tomllib.loads((tmp_path / "m.toml").read_text(encoding="utf-8")) == tables


def test_manifest_refuses_what_toml_has_no_word_for(tmp_path):
    with pytest.raises(ValueError, match="NoneType"):
        write_manifest(tmp_path / "m.toml", {"name": None})
    assert not (tmp_path / "m.toml").exists()


FIGURES = [
    Figure("ponds", "boat", 4, 0.75, 0.001, ObjectCounts(3, 1, 2)),
    Figure("ponds", "smoke", 4, float("nan"), 0.0, ObjectCounts()),
]


def test_card_gets_the_figures_and_keeps_its_words():
    card = "before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n"
    filled = fill_card(card, FIGURES)
    assert "| boat | ponds | 0.750 | 3 | 1 | 2 | 4 |" in filled
    assert "| smoke | ponds | none there |" in filled
    assert filled.startswith("before\n")
    assert filled.endswith("\nafter\n")
    assert "old" not in filled
    assert fill_card(filled, FIGURES) == filled


def test_card_without_a_place_for_figures_is_refused():
    with pytest.raises(TrainingError, match="no place for its figures"):
        fill_card("words", FIGURES)

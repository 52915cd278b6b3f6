from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is needed for training only")
pytest.importorskip("onnx", reason="onnx is needed for training only")

from tests.vision.photos import save_model  # noqa: E402
from vision.datasets import Picture, Run, Source, SourceData, TrainingError  # noqa: E402
from vision.errors import ModelError  # noqa: E402
from vision.exported_weights import encoder_of, learning_network_of, network_of  # noqa: E402
from vision.package import SHIPPED_MODEL, load_package  # noqa: E402
from vision.training import _start  # noqa: E402


def batches(count=2, seed=3):
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(rng.normal(0, 1, (2, 3, 64, 96)).astype("f4")) for _ in range(count)]


@pytest.fixture(scope="module")
def learning():
    return learning_network_of(load_package(), batches())


def test_a_network_that_can_learn_on_answers_as_the_exported_one(learning):
    (shown,) = batches(1, seed=9)
    with torch.inference_mode():
        expected = torch.sigmoid(network_of(load_package())(shown))
        found = torch.sigmoid(learning.eval()(shown))
    assert float((expected - found).abs().max()) < 1e-5


def test_its_normalisations_know_what_they_are_given(learning):
    shown = torch.cat(batches())
    with torch.inference_mode():
        still = torch.sigmoid(learning.eval()(shown))
        moving = torch.sigmoid(learning.train()(shown))
    assert float((still - moving).abs().max()) < 0.05


def test_a_step_changes_its_answers(learning):
    (shown,) = batches(1)
    network = learning_network_of(load_package(), [shown]).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-2)
    before = network(shown).mean().item()
    network(shown).mean().backward()
    optimiser.step()
    assert network(shown).mean().item() < before


def test_another_network_is_refused(tmp_path):
    package = load_package(save_model(tmp_path))
    for use in (network_of, encoder_of):
        with pytest.raises(ModelError, match="another network than aerogrid's own"):
            use(package)


def data_of(run):
    rgb = np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8)
    picture = Picture("p", rgb, np.zeros((96, 96), np.uint8), {})
    return [SourceData(source, (picture,)) for source in run.sources]


RUN = Run("n", "1", (Source("s", "i", ("boat",)),), steps=1, batch=1, crop_px=64, encoder="lite2")


def test_training_starts_from_the_manifest_of_a_model(tmp_path):
    learner = _start(RUN, tmp_path / "checkpoint.pt", SHIPPED_MODEL, data_of(RUN))
    assert learner.earlier == (f"patrol {load_package().version}",)
    head = network_of(load_package()).head.weight
    assert torch.equal(learner.network.head.weight, head)
    assert torch.equal(learner.average.head.weight, head)


def test_a_run_of_another_encoder_cannot_start_from_it(tmp_path):
    run = replace(RUN, encoder="lite0")
    with pytest.raises(TrainingError, match="the encoder lite2; the run n needs"):
        _start(run, tmp_path / "checkpoint.pt", SHIPPED_MODEL, data_of(run))

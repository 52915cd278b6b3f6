import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is needed for training only")

import cv2  # noqa: E402

from vision.checkpoints import load_average, read_checkpoint  # noqa: E402
from vision.classes import CLASS_NAMES  # noqa: E402
from vision.datasets import Batch, Run, Source, TrainingError  # noqa: E402
from vision.training import (  # noqa: E402
    learn,
    make_learner,
    masked_loss,
    predict,
    rate_at,
    save_checkpoint,
    train,
)

C = len(CLASS_NAMES)
SOURCE = Source("s", "{split}/images", ("boat",), masks="{split}/masks", values={1: ("boat",)})


def run_of(**changes):
    plain = {"steps": 4, "batch": 2, "crop_px": 32, "warmup_steps": 1, "checkpoint_steps": 2}
    return Run("test", "0", (SOURCE,), **{**plain, **changes})


def write_run(root, steps):
    for part in ("images", "masks"):
        (root / "train" / part).mkdir(parents=True, exist_ok=True)
    mask = np.zeros((40, 40), np.uint8)
    mask[8:20, 8:20] = 1
    cv2.imwrite(str(root / "train" / "images" / "a.png"), np.stack([mask * 200] * 3, -1))
    cv2.imwrite(str(root / "train" / "masks" / "a.png"), mask)
    path = root / f"run{steps}.toml"
    path.write_text(
        f'name = "tiny"\nversion = "0"\nsteps = {steps}\nbatch = 2\ncrop_px = 32\n'
        "warmup_steps = 1\ncheckpoint_steps = 2\n"
        '[[sources]]\nname = "s"\nimages = "{split}/images"\nmasks = "{split}/masks"\n'
        'known = ["boat"]\nvalues = { 1 = ["boat"] }\n'
    )
    return path


def batch_of(value=200, side=64):
    rgb = np.full((2, side, side, 3), 60, np.uint8)
    rgb[:, 16:40, 16:40] = value
    mask = np.zeros((2, side, side), np.uint8)
    mask[:, 16:40, 16:40] = 1
    tables = SOURCE.target_table(), SOURCE.weight_table()
    return Batch(rgb, mask, np.full_like(mask, 255), *(np.stack([t, t]) for t in tables))


def test_where_a_class_is_unknown_its_logit_changes_nothing():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, C, 8, 8, generator=generator)
    target = (torch.rand(2, C, 8, 8, generator=generator) > 0.5).float()
    weight = (torch.rand(2, C, 8, 8, generator=generator) > 0.5).float()
    changed = torch.where(weight > 0, logits, -7 * logits)
    assert torch.equal(
        masked_loss(logits, target, weight).total, masked_loss(changed, target, weight).total
    )


def test_where_a_class_is_unknown_no_gradient_flows():
    logits = torch.zeros(1, C, 4, 4, requires_grad=True)
    weight = torch.zeros(1, C, 4, 4)
    weight[:, 2] = 1
    masked_loss(logits, torch.ones(1, C, 4, 4), weight).total.backward()
    assert logits.grad[:, 2].abs().min() > 0
    assert logits.grad[:, [0, 1, 3, 4, 5, 6]].abs().max() == 0


def test_better_answers_have_a_smaller_loss():
    target = torch.zeros(1, C, 8, 8)
    target[:, :, 2:5, 2:5] = 1
    weight = torch.ones_like(target)
    answers = [torch.zeros_like(target), (target * 2 - 1) * 2, (target * 2 - 1) * 6]
    losses = [masked_loss(a, target, weight).total.item() for a in answers]
    assert losses == sorted(losses, reverse=True)


def test_rate_warms_up_and_then_falls():
    run = run_of(steps=100, warmup_steps=10)
    rates = [rate_at(step, run) for step in range(100)]
    assert max(rates) == rates[9] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_one_batch_is_learnt_in_a_few_steps():
    run = run_of(steps=40, decoder_rate=3e-3, encoder_rate=1e-3)
    learner = make_learner(run, pretrained=False)
    batch = batch_of()
    losses = [learn(learner, batch, run).total.item() for _ in range(25)]
    assert losses[-1] < 0.4 * losses[0]


def test_running_average_follows_the_weights():
    run = run_of()
    learner = make_learner(run, pretrained=False)
    before = learner.average.head.weight.clone()
    learn(learner, batch_of(), run)
    now, average = learner.network.head.weight, learner.average.head.weight
    assert torch.all((average - before).abs() <= (now - before).abs() + 1e-7)
    assert not torch.equal(average, before)


@pytest.mark.parametrize("keeps", [True, False])
def test_normalisations_stay_as_they_start_where_they_are_kept(keeps):
    run = run_of(keeps_normalisations=keeps)
    learner = make_learner(run, pretrained=False)
    before = {k: v.clone() for k, v in learner.network.state_dict().items() if "running" in k}
    learn(learner, batch_of(), run)
    after = learner.network.state_dict()
    assert before
    assert all(torch.equal(after[name], value) for name, value in before.items()) is keeps


def test_resumed_training_equals_uninterrupted(tmp_path):
    whole = train(write_run(tmp_path, 4), tmp_path, tmp_path / "whole")
    part = tmp_path / "part"
    first = read_checkpoint(train(write_run(tmp_path, 2), tmp_path, part))
    assert first["step"] == 2
    # The rate falls over the run's length, so both halves must be of the run of four steps.
    interrupted = tmp_path / "interrupted"
    interrupted.mkdir()
    _stop_after_two(tmp_path, interrupted)
    resumed = train(write_run(tmp_path, 4), tmp_path, interrupted)
    one, two = read_checkpoint(whole), read_checkpoint(resumed)
    for name, value in one["average"].items():
        torch.testing.assert_close(two["average"][name], value, rtol=0, atol=0)


def _stop_after_two(root, out_dir):
    from vision.datasets import read_run
    from vision.loading import load_source
    from vision.training import steps_of

    run = read_run(write_run(root, 4))
    learner = make_learner(run, pretrained=True)
    data = [load_source(s, root, "train") for s in run.sources]
    for _ in steps_of(learner, data, run, out_dir / "log.csv"):
        if learner.step == 2:
            break
    save_checkpoint(out_dir / "checkpoint.pt", learner, run)


def test_second_stage_starts_from_the_average_of_the_first(tmp_path):
    run = write_run(tmp_path, 2)
    first = train(run, tmp_path, tmp_path / "first")
    second = train(write_run(tmp_path, 0), tmp_path, tmp_path / "second", start_from=first)
    assert not second.exists()  # a run of no steps has nothing to write
    third = train(run, tmp_path, tmp_path / "third", start_from=first)
    assert read_checkpoint(third)["step"] == 2
    assert read_checkpoint(third)["history"] == ["tiny: 2 of 2 steps"] * 2
    start = read_checkpoint(tmp_path / "third" / "start.pt")["average"]
    for name, value in read_checkpoint(first)["average"].items():
        torch.testing.assert_close(start[name], value, rtol=0, atol=0)


def test_a_run_from_imagenet_weights_keeps_no_start(tmp_path):
    train(write_run(tmp_path, 1), tmp_path, tmp_path / "only")
    assert not (tmp_path / "only" / "start.pt").exists()


def test_checkpoint_of_other_classes_is_refused(tmp_path):
    path = tmp_path / "old.pt"
    torch.save({"classes": ["tree"]}, path)
    with pytest.raises(TrainingError, match=r"for the classes \['tree'\]"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"no checkpoint", b"hello", b""])
def test_damaged_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "bad.pt"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"bad\.pt cannot be read"):
        read_checkpoint(path)


def test_prediction_has_the_size_of_the_picture(tmp_path):
    run = run_of()
    learner = make_learner(run, pretrained=False)
    save_checkpoint(tmp_path / "c.pt", learner, run)
    probability = predict(load_average(tmp_path / "c.pt"), np.zeros((33, 50, 3), np.uint8))
    assert probability.shape == (C, 33, 50)
    assert 0 <= probability.min() <= probability.max() <= 1


def test_where_data_lacks_nothing_is_written(tmp_path):
    run = write_run(tmp_path / "given", 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="does not exist"):
        train(run, tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()

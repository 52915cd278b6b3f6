"""EDGE: how the network learns from sources that each know only some classes; checkpoints, log.

On a GPU where torch sees one, else on the CPU; both in bf16 by autocast, channels last.
"""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from geo.files import replacing
from vision.checkpoints import read_checkpoint
from vision.classes import CLASS_NAMES
from vision.crops import draw_batch
from vision.datasets import (
    Batch,
    Run,
    SourceData,
    TrainingError,
    read_run,
)
from vision.exported_weights import encoder_of, learning_network_of
from vision.lessons import Lesson, lesson_of, normalise
from vision.loading import load_source, write_problems
from vision.network import STRIDE_PX, PatrolNet, build_network
from vision.package import load_package
from vision.teaching import Teachers, load_teachers, unlikeness

_DICE_SMOOTH_PX = 50.0
_LOG_FIELDS = ("step", "loss", "bce", "dice", "rate")
_LOG_EVERY_STEPS = 10
_SETTLING_BATCHES = 12
"""Batches by which an exported model's normalisations are told the statistics of their inputs."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Parts of the loss of one batch."""

    total: Tensor
    bce: Tensor
    dice: Tensor


@dataclass(slots=True)
class Learner:
    """What changes while training: weights, their running average, optimiser, step."""

    network: PatrolNet
    average: PatrolNet
    optimiser: torch.optim.Optimizer
    device: torch.device
    step: int = 0
    earlier: tuple[str, ...] = ()
    """Runs whose weights this one started from, oldest first."""
    teachers: Teachers | None = None
    """What it learns to answer like, beside its labels."""


def masked_loss(logits: Tensor, target: Tensor, weight: Tensor) -> Loss:
    """Return binary cross-entropy plus Dice loss, both only where `weight` is above 0.

    Args:
        logits: (N, C, H, W) float.
        target: (N, C, H, W) float, 0 or 1.
        weight: (N, C, H, W) float, 0 where the class is unknown.
    """
    logits = logits.float()
    axes = (0, 2, 3)
    known = weight.sum(axes)
    pixelwise = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    bce = ((pixelwise * weight).sum(axes) / known.clamp(min=1)).sum()
    seen = (weight * target).sum(axes)
    probability = torch.sigmoid(logits)
    overlap = (probability * target * weight).sum(axes)
    total = (probability * weight).sum(axes) + seen
    share = 1 - (2 * overlap + _DICE_SMOOTH_PX) / (total + _DICE_SMOOTH_PX)
    dice = (share * (seen > 0)).sum()
    return Loss(bce + 0.5 * dice, bce, dice)


def rate_at(step: int, run: Run) -> float:
    """Return the share of the full learning rate at `step`: linear warm-up, then half a cosine."""
    if step < run.warmup_steps:
        return (step + 1) / run.warmup_steps
    done = (step - run.warmup_steps) / max(1, run.steps - run.warmup_steps)
    return 0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * min(1.0, done))))


def best_device() -> torch.device:
    """A GPU where torch sees one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def make_learner(run: Run, *, pretrained: bool) -> Learner:
    """Start a learner from ImageNet weights, or from random ones for tests."""
    torch.manual_seed(run.seed)
    device = best_device()
    network = build_network(len(CLASS_NAMES), run.encoder, pretrained=pretrained)
    network = network.to(device, memory_format=torch.channels_last)
    average = build_network(len(CLASS_NAMES), run.encoder, pretrained=False)
    average = average.to(device, memory_format=torch.channels_last).eval()
    average.load_state_dict(network.state_dict())
    encoder = list(network.encoder.parameters())
    own = {id(p) for p in encoder}
    decoder = [p for p in network.parameters() if id(p) not in own]
    groups = [
        {"params": encoder, "full_rate": run.encoder_rate},
        {"params": decoder, "full_rate": run.decoder_rate},
    ]
    optimiser = torch.optim.AdamW(groups, lr=run.decoder_rate, weight_decay=run.weight_decay)
    return Learner(network, average, optimiser, device)


def learn(learner: Learner, batch: Batch, run: Run) -> Loss:
    """Take one step: gradient, weights, running average."""
    for group in learner.optimiser.param_groups:
        group["lr"] = group["full_rate"] * rate_at(learner.step, run)
    _set_to_learn(learner.network, run)
    lesson = lesson_of(batch, learner.device, run.apart)
    with torch.autocast(learner.device.type, dtype=torch.bfloat16):
        logits = learner.network(lesson.image)
    loss = masked_loss(logits, lesson.target, lesson.weight)
    learner.optimiser.zero_grad(set_to_none=True)
    _aim(loss, logits, lesson, learner.teachers).backward()
    torch.nn.utils.clip_grad_norm_(learner.network.parameters(), 5.0)
    learner.optimiser.step()
    _follow(learner.average, learner.network, _ema_decay(learner.step, run))
    learner.step += 1
    return loss


def _set_to_learn(network: PatrolNet, run: Run) -> None:
    network.train()
    if run.keeps_normalisations:
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()


def _aim(loss: Loss, logits: Tensor, lesson: Lesson, teachers: Teachers | None) -> Tensor:
    """What one step makes smaller: the loss of the labels, and that of not being like teachers."""
    if teachers is None:
        return loss.total
    teaching = teachers.teaching
    unlike = unlikeness(logits, teachers.say(lesson.image), teachers.class_weights())
    return teaching.labels_weight * loss.total + teaching.teachers_weight * unlike


def _ema_decay(step: int, run: Run) -> float:
    return min(run.ema_decay, (1 + step) / (10 + step))  # short memory while weights move fast


@torch.no_grad()  # type: ignore[untyped-decorator]
def _follow(average: PatrolNet, network: PatrolNet, decay: float) -> None:
    pairs = zip(average.state_dict().values(), network.state_dict().values(), strict=True)
    for kept, value in pairs:
        if kept.dtype.is_floating_point:
            kept.lerp_(value, 1 - decay)
        else:
            kept.copy_(value)


def save_checkpoint(path: Path, learner: Learner, run: Run) -> None:
    """Write everything that `load_checkpoint` needs to go on exactly."""
    content = {
        "run": run.name,
        "version": run.version,
        "step": learner.step,
        "history": [*learner.earlier, _told(learner.step, run)],
        "classes": list(CLASS_NAMES),
        "encoder": run.encoder,
        "network": learner.network.state_dict(),
        "average": learner.average.state_dict(),
        "optimiser": learner.optimiser.state_dict(),
    }
    with replacing(path) as temporary:
        torch.save(content, temporary)


def _told(step: int, run: Run) -> str:
    """What a model's manifest tells of a run."""
    taught = f", taught by {' and '.join(run.teaching.models)}" if run.teaching else ""
    return f"{run.name}: {step} of {run.steps} steps{taught}"


def load_checkpoint(path: Path, learner: Learner) -> None:
    """Put the learner where it was when the checkpoint was written."""
    content = read_checkpoint(path)
    learner.network.load_state_dict(content["network"])
    learner.average.load_state_dict(content["average"])
    learner.optimiser.load_state_dict(content["optimiser"])
    learner.step = int(content["step"])
    learner.earlier = tuple(content["history"][:-1])


def train(
    run_path: Path,
    data_root: Path,
    out_dir: Path,
    *,
    start_from: Path | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Path:
    """Train a run, going on from its checkpoint where there is one.

    Args:
        run_path: the run file.
        data_root: folder that the sources' paths are relative to.
        out_dir: gets `checkpoint.pt`, `log.csv` and `problems.csv`, and where it starts from other
            weights these as `start.pt`, for a mean of both.
        start_from: checkpoint of another run, whose averaged weights are the starting point, or
            the manifest of a model.
        tell: is told the steps done and the steps in all.

    Returns:
        The path of the checkpoint.
    """
    run = read_run(run_path)
    checkpoint = out_dir / "checkpoint.pt"
    data = [load_source(source, data_root, "train") for source in run.sources]
    for entry in data:
        entry.check_emphasis()
    learner = _start(run, checkpoint, start_from, data)
    if run.teaching is not None:
        learner.teachers = load_teachers(run.teaching, run_path.parent, run.coarse, learner.device)
    out_dir.mkdir(parents=True, exist_ok=True)
    if start_from is not None and learner.step == 0:
        save_checkpoint(out_dir / "start.pt", learner, run)
    write_problems(out_dir / "problems.csv", [p for entry in data for p in entry.problems])
    try:
        for _ in steps_of(learner, data, run, out_dir / "log.csv"):
            if tell is not None:
                tell(learner.step, run.steps)
            if learner.step % run.checkpoint_steps == 0 or learner.step == run.steps:
                save_checkpoint(checkpoint, learner, run)
    except KeyboardInterrupt:
        save_checkpoint(checkpoint, learner, run)
        raise
    return checkpoint


def _start(
    run: Run, checkpoint: Path, start_from: Path | None, data: Sequence[SourceData]
) -> Learner:
    if checkpoint.exists():
        name = read_checkpoint(checkpoint)["run"]
        if name != run.name:
            raise TrainingError(
                f"{checkpoint} belongs to the run {name!r}, not to {run.name!r}. "
                "Give another folder, or delete it to start anew."
            )
        learner = make_learner(run, pretrained=False)
        load_checkpoint(checkpoint, learner)
        return learner
    learner = make_learner(run, pretrained=start_from is None)
    if start_from is not None:
        weights, history = _weights_of(start_from, learner, run, data)
        learner.network.load_state_dict(weights)
        learner.average.load_state_dict(weights)
        learner.earlier = history
    return learner


def _weights_of(
    start_from: Path, learner: Learner, run: Run, data: Sequence[SourceData]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Weights to start from, and the runs that made them."""
    if start_from.suffix != ".toml":
        content = read_checkpoint(start_from)
        return content["average"], tuple(content["history"])
    package = load_package(start_from)
    if package.classes != CLASS_NAMES or encoder_of(package) != run.encoder:
        raise TrainingError(
            f"{start_from}: has the classes {', '.join(package.classes)} and the encoder "
            f"{encoder_of(package)}; the run {run.name} needs {', '.join(CLASS_NAMES)} and "
            f"{run.encoder}. Change the run's encoder, or start without it."
        )
    drawn = (draw_batch(data, run, run.steps + number) for number in range(_SETTLING_BATCHES))
    images = (lesson_of(batch, torch.device("cpu")).image for batch in drawn)
    network = learning_network_of(package, images)
    return network.state_dict(), (f"{package.name} {package.version}",)


def steps_of(
    learner: Learner, data: Sequence[SourceData], run: Run, log_path: Path
) -> Iterator[Loss]:
    """Yield the loss of each remaining step, and log every tenth."""
    for batch in _batches(learner, data, run):
        loss = learn(learner, batch, run)
        if learner.step % _LOG_EVERY_STEPS == 0 or learner.step == run.steps:
            _check(loss, learner.step, run)
            _log(log_path, learner.step, loss, rate_at(learner.step, run))
        yield loss


def _batches(learner: Learner, data: Sequence[SourceData], run: Run) -> Iterator[Batch]:
    """Crops of the remaining steps, drawn by threads while earlier ones compute."""
    cores = os.cpu_count() or 2
    workers = cores if learner.device.type == "cuda" else max(1, cores // 2)
    steps = iter(range(learner.step, run.steps))
    with ThreadPoolExecutor(workers) as loader:
        pending = deque(
            loader.submit(draw_batch, data, run, step) for step in islice(steps, workers + 1)
        )
        while pending:
            batch = pending.popleft().result()
            pending.extend(loader.submit(draw_batch, data, run, step) for step in islice(steps, 1))
            yield batch


def _check(loss: Loss, step: int, run: Run) -> None:
    if not torch.isfinite(loss.total):
        raise TrainingError(
            f"Run {run.name}: the loss is not finite at step {step}. "
            "Lower the learning rates in the run file and start from the last checkpoint."
        )


def _log(path: Path, step: int, loss: Loss, rate: float) -> None:
    fresh = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(_LOG_FIELDS)
        parts = (loss.total.item(), loss.bce.item(), loss.dice.item(), rate)
        writer.writerow([step, *(f"{part:.5f}" for part in parts)])


def predict(network: PatrolNet, rgb: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:
    """Return probabilities (classes, H, W) float32 of one picture (H, W, 3) of any size."""
    rows, columns = rgb.shape[:2]
    padding = ((0, -rows % STRIDE_PX), (0, -columns % STRIDE_PX), (0, 0))
    padded = torch.from_numpy(np.pad(rgb, padding, mode="symmetric")[None])
    with torch.inference_mode():
        device = next(network.parameters()).device
        probability = torch.sigmoid(network(normalise(padded.to(device))))[0]
    return probability[:, :rows, :columns].float().cpu().numpy()

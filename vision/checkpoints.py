"""EDGE: what a run of training left on disk: weights, their running average, how far it came."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from vision.classes import CLASS_NAMES
from vision.datasets import TrainingError
from vision.network import PatrolNet, build_network


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint and check that it was trained for our classes."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):  # torch's reader of older files fails in any way
                raise pickle.UnpicklingError
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"Checkpoint {path} cannot be read ({type(error).__name__}). "
            "Give a checkpoint.pt that training wrote, or delete it to start anew."
        ) from error
    if content.get("classes") != list(CLASS_NAMES):
        raise TrainingError(
            f"Checkpoint {path} is for the classes {content.get('classes')}; "
            f"this version has {list(CLASS_NAMES)}. Train it again."
        )
    return content


def load_average(path: Path) -> PatrolNet:
    """Return the averaged network of a checkpoint, ready for inference."""
    content = read_checkpoint(path)
    network = build_network(len(CLASS_NAMES), content["encoder"], pretrained=False)
    network.load_state_dict(content["average"])
    network.eval()
    return network

"""Fit the calibration of a model to the validation pictures and write it into its manifest.

Example: python tools/calibrate_model.py vision/models/patrol.toml --data DATA
DATA is laid out as docs/training.md says. What it was before and is now is printed by class: the
expected calibration error over the pixels of all sources together, and the worst of a source.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from vision.calibration import Calibration, pixel_reliability
from vision.classes import CLASS_NAMES
from vision.data_folders import data_folder
from vision.detector import open_detector
from vision.evaluation import answer_all, score_source
from vision.loading import load_source
from vision.manifests import calibrations, with_calibration
from vision.metrics import ScoreHistogram


def main() -> None:
    """Parse arguments, fit, write, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    detector = open_detector(arguments.manifest)
    folder = data_folder(arguments.data)
    scores: dict[str, dict[str, ScoreHistogram]] = {}
    for source in folder.sources:
        data = load_source(source, folder.root, folder.split)
        answers = answer_all(detector.probabilities, data, detector.package.model_gsd_m)
        scores[source.name] = score_source(data, answers)
    found = calibrations(scores)
    with_calibration(arguments.manifest, found)
    for name in CLASS_NAMES:
        told = [part[name] for part in scores.values() if name in part]
        for words, calibration in (("raw", Calibration()), ("now", Calibration(*found[name]))):
            whole = pixel_reliability(sum(told, ScoreHistogram.empty()), calibration).error
            worst = max(pixel_reliability(h, calibration).error for h in told)
            print(f"{name:14s} {words}: ECE {whole:.4f}, worst source {worst:.4f}")


if __name__ == "__main__":
    main()

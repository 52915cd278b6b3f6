"""Measure a model that is there again, as a run file says it is used, and write down what it is.

Example: python tools/measure_model.py vision/models/patrol.toml --data DATA
    --config vision/models/run_patrol.toml

Thresholds, calibration and figures are chosen and measured on the validation pictures as `aerogrid
package` does it, with the run file's version and looks; the model itself stays. Printed:
the figures of each class on each source.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from vision.datasets import read_run
from vision.loading import load_source
from vision.measuring import measure_again


def main() -> None:
    """Parse arguments, measure, write, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True, help="the run file")
    arguments = parser.parse_args()
    run = read_run(arguments.config)
    data = [load_source(source, arguments.data, "val") for source in run.sources]
    measures = measure_again(arguments.manifest, run.version, run.coarse, run.mirrored, data)
    for figure in measures.figures:
        objects, threshold = figure.objects, measures.thresholds[figure.class_name]
        print(
            f"{figure.class_name:14s} {figure.source:28s} at {threshold}: IoU {figure.iou:.3f}, "
            f"{objects.found} found, {objects.false} false, {objects.missed} missed"
        )


if __name__ == "__main__":
    main()

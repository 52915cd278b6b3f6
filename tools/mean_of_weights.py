"""Write a checkpoint whose weights lie between those of two, one of which went on from the other.

Example: python tools/mean_of_weights.py old.pt new.pt --share 0.7 --out checkpoint.pt
`aerogrid package` makes a model of it. Networks that began apart have no useful mean.
"""

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geo.files import replacing
from vision.checkpoints import read_checkpoint


def main() -> None:
    """Parse arguments, mix the running averages, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of the new weights, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    old, new = read_checkpoint(arguments.old), read_checkpoint(arguments.new)
    mean = {
        name: torch.lerp(old["average"][name], value, arguments.share)
        if value.is_floating_point()
        else value
        for name, value in new["average"].items()
    }
    history = [*new["history"], f"mean with the weights before, share {arguments.share:g}"]
    with replacing(arguments.out) as temporary:
        torch.save(new | {"network": mean, "average": mean, "history": history}, temporary)


if __name__ == "__main__":
    main()

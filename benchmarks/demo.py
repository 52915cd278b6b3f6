"""Does the whole chain find what was planted, in districts it has never seen?

    python -m benchmarks.demo --seeds 1 2 3 4 5 6

Runs `aerogrid demo` once for each seed, prints one line each and the worst of every figure, and
fails where a figure is worse than asked.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# name: heading, the worse of two, what is asked
FIGURES: dict[str, tuple[str, Callable[[Iterable[float]], float], float | None]] = {
    "recall": ("recall", min, 0.8),
    "exact_recall": ("class", min, None),
    "near_recall": ("in 5 m", min, None),
    "precision": ("precis.", min, 0.8),
    "twin_share": ("twins", max, 0.1),
    "one_case_share": ("one case", min, 0.95),
    "median_position_error_m": ("error m", max, 2.5),
}


def run_seed(seed: int, folder: Path) -> dict[str, Any]:
    """Run the demonstration of one seed and return what it tells as JSON."""
    command = [sys.executable, "-c", "from cli.main import main; main()"]
    command += ["demo", str(folder), "--seed", str(seed), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def line(name: object, told: dict[str, Any]) -> str:
    """One row of the table."""
    figures = "  ".join(f"{told[key]:>8.3f}" for key in FIGURES)
    return f"{name!s:>6}  {figures}  {told['photos']:>6}  {told['seconds']['total']:>7.0f}"


def shortfalls(worst: Mapping[str, float]) -> list[str]:
    """Figures that are worse than asked, in words."""
    return [
        f"{name} is {worst[name]:.3f}; asked: {asked}"
        for name, (_, worse, asked) in FIGURES.items()
        if asked is not None and worse([worst[name], asked]) != asked
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; end with 1 where a figure falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    seeds = parser.parse_args(arguments).seeds
    headings = "  ".join(f"{heading:>8}" for heading, _, _ in FIGURES.values())
    print(f"{'seed':>6}  {headings}  {'photos':>6}  {'seconds':>7}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            results.append(run_seed(seed, Path(folder) / f"seed{seed}"))
            print(line(seed, results[-1]), flush=True)
    worst = {name: worse(told[name] for told in results) for name, (_, worse, _) in FIGURES.items()}
    photos = max(told["photos"] for told in results)
    seconds = max(told["seconds"]["total"] for told in results)
    print(line("worst", {**worst, "photos": photos, "seconds": {"total": seconds}}))
    if short := shortfalls(worst):
        sys.exit("\n".join(short))


if __name__ == "__main__":
    main()

"""A thousand uploads over a link that loses, doubles and reorders: how does each end?

Run it with `python -m benchmarks.uploads [--uploads N]`. Every message in both directions is lost
with a chance of 20 %, doubled with 20 %, and under way for up to 0.6 s, so that later ones overtake
it. The vehicle holds another mission before. Exit code 1 where an upload hangs, reports success
over anything but the mission that was sent, or ends in a refusal that leaves items behind.
"""

import argparse
import sys
import time
from collections import Counter
from random import Random

from flight.errors import TransferError
from flight.protocol import FENCE, MISSION, RALLY, differences, home_item
from flight.session import Session
from missions.model import MissionItem
from simulations.stores import Stores
from tests.flight.links import RoughLink
from tests.flight.sorties import HOME, lonlat, small_sortie, waypoint

LONGEST_S = 600.0  # simulated; three tries of upload and read-back, and the clearing


def items_of(mission_type: int, random: Random) -> tuple[MissionItem, ...]:
    """Some list of a kind: 2 to 60 way-points, a fence of 3 to 20 corners, 1 to 10 rally points."""

    def place() -> tuple[float, float]:
        return lonlat(random.uniform(-300, 300), random.uniform(-300, 300))

    if mission_type == FENCE:
        count = random.randint(3, 20)
        return tuple(MissionItem(5001, 0, (float(count), 0, 0, 0), *place()) for _ in range(count))
    if mission_type == RALLY:
        return tuple(
            MissionItem(5100, 3, (0.0, 0.0, 0.0, 0.0), *place(), 30.0)
            for _ in range(random.randint(1, 10))
        )
    between = [
        waypoint(random.uniform(-300, 300), random.uniform(-300, 300))
        for _ in range(random.randint(2, 60))
    ]
    first, *_, last = small_sortie().items
    return (home_item(HOME), first, *between, last)


def upload_once(seed: int) -> tuple[str, float]:
    """Upload one list of a seed: how it ended, and after how much simulated time."""
    random = Random(f"upload {seed}")
    kind = (MISSION, MISSION, MISSION, FENCE, RALLY)[seed % 5]
    stores = Stores(home_item(HOME))
    stores.lists[MISSION] = [home_item(HOME), *[small_sortie().items[2]] * 20]
    stores.lists[RALLY] = [MissionItem(5100, 3, altitude_m=20.0)] * 3
    link = RoughLink(stores, seed)
    sent = items_of(kind, random)
    try:
        Session(link).store(sent, kind)
    except TransferError:
        end = "refused, list empty" if not stores.lists[kind] else "REFUSED WITH ITEMS LEFT"
    else:
        right = not differences(sent, tuple(stores.lists[kind]), kind)
        end = "verified" if right else "VERIFIED BUT WRONG"
    return ("HUNG" if link.now > LONGEST_S else end), link.now


def main() -> None:
    """Run the uploads and print how they ended."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--uploads", type=int, default=1000)
    count = options.parse_args().uploads
    begun_s = time.process_time()
    ends: Counter[str] = Counter()
    times_s = []
    for seed in range(count):
        end, took_s = upload_once(seed)
        ends[end] += 1
        times_s.append(took_s)
    cpu_s = time.process_time() - begun_s
    print("; ".join(f"{number} {end}" for end, number in ends.most_common()))
    times_s.sort()
    print(
        f"simulated seconds: median {times_s[len(times_s) // 2]:.0f}, longest {times_s[-1]:.0f}; "
        f"{cpu_s:.0f} s of CPU"
    )
    sys.exit(int(any(end[0].isupper() for end in ends)))


if __name__ == "__main__":
    main()

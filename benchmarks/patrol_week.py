"""When is each patrol of a week done by so many workers? Its tasks are lived through one by one.

As a campaign has it: photos of a patrol are read in shards, by any workers; then one worker adjusts
all of them together; then they are searched in shards; then one worker puts what was found on the
ground, where sightings of one thing are joined. So a patrol is the least that one worker has to
itself, and however many workers there are, it takes what these two steps take.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from pipeline.campaign import PHOTOS_PER_TASK
from pipeline.campaigning import Kind


@dataclass(frozen=True, slots=True)
class PhotoCosts:
    """Seconds of a core that a photo takes in each kind of task."""

    read_s: float
    adjust_s: float
    search_s: float
    associate_s: float


def steps_of_patrol(photos: float, costs: PhotoCosts) -> list[tuple[Kind, list[float]]]:
    """Steps of a patrol, each once the one before is through: the seconds of its tasks."""
    full, rest = divmod(photos, PHOTOS_PER_TASK)
    shards = [float(PHOTOS_PER_TASK)] * int(full) + ([rest] if rest else [])
    return [
        (Kind.READ, [shard * costs.read_s for shard in shards]),
        (Kind.INGEST, [photos * costs.adjust_s]),
        (Kind.SEARCH, [shard * costs.search_s for shard in shards]),
        (Kind.LOCATE, [photos * costs.associate_s]),
    ]


def shortest_s(photos: float, costs: PhotoCosts) -> float:
    """Seconds from landing to objects of a patrol that has all workers that it can use."""
    return sum(max(tasks) for _, tasks in steps_of_patrol(photos, costs))


def done_at_s(
    landed_s: Sequence[float], photos: float, costs: PhotoCosts, workers: int
) -> list[float]:
    """When each patrol is done; a worker that is free takes what a campaign would give it.

    Args:
        landed_s: when each patrol has landed, ascending.
        photos: of each patrol.
        costs: of a photo.
        workers: of one core each.
    """
    steps = steps_of_patrol(photos, costs)
    done_s = [0.0] * len(landed_s)
    at_step, left = [-1] * len(landed_s), [0] * len(landed_s)
    ready: list[tuple[Kind, int, float]] = []
    running: list[tuple[float, int]] = []
    landing = 0

    def go_on(patrol: int, now_s: float) -> None:
        at_step[patrol] += 1
        if at_step[patrol] == len(steps):
            done_s[patrol] = now_s
            return
        kind, tasks = steps[at_step[patrol]]
        left[patrol] = len(tasks)
        for seconds in tasks:
            heappush(ready, (kind, patrol, seconds))

    while landing < len(landed_s) or running:
        if landing < len(landed_s) and (not running or landed_s[landing] <= running[0][0]):
            now_s = landed_s[landing]
            go_on(landing, now_s)
            landing += 1
        else:
            now_s, patrol = heappop(running)
            left[patrol] -= 1
            if not left[patrol]:
                go_on(patrol, now_s)
        while ready and len(running) < workers:
            _, patrol, seconds = heappop(ready)
            heappush(running, (now_s + seconds, patrol))
    return done_s

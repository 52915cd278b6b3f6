"""The order of a campaign's tasks: what each patrol does next, and how many tasks are under way.

A patrol reads its photos in shards, makes frames of them, searches these in shards, and locates
what was found. Few patrols are under way at once, so a campaign of any size needs the same memory.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol, TypeAlias

from geo.errors import AerogridError
from pipeline.errors import PipelineError


class Kind(IntEnum):
    """What a task does; what others wait for longest comes first."""

    INGEST = 0
    LOCATE = 1
    READ = 2
    SEARCH = 3


@dataclass(frozen=True, slots=True)
class Task:
    """A call that any worker can make.

    Attributes:
        name: of its result.
        photos: that it reads or searches.
        gpu_call: what a worker with a GPU calls instead; such workers are given it first.
        place: where its result is kept; two tasks of one name and one place do the same.
        limit_s: that it may take on a worker; None is without end.
    """

    name: str
    kind: Kind
    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    photos: int = 0
    gpu_call: Callable[..., Any] | None = None
    place: str = ""
    limit_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a task, or a whole patrol, could not be done."""

    why: str


@dataclass(frozen=True, slots=True)
class Killed:
    """A task that no worker brought to an end.

    Attributes:
        why: what became of the programs that had it in hand.
        remedy: what a person may do.
    """

    why: str = "were ended each time"
    remedy: str = "give the workers more memory"


Steps: TypeAlias = Generator[Sequence[Task], Sequence[Any], Any]
"""A patrol: gives tasks that may run at once, and is sent their results in the same order."""

Tell: TypeAlias = Callable[[Kind, int, int], None]
"""Is told how many photos of those known so far are through a kind of task."""


@dataclass(slots=True)
class Worked:
    """What a worker has done so far.

    Attributes:
        has_gpu: whether it was started with the resource `GPU`.
        tasks: of all kinds.
        photos: by kind of task.
        busy_s: that tasks of a kind took, by the clock.
    """

    has_gpu: bool
    tasks: int = 0
    photos: Counter[Kind] = field(default_factory=Counter)
    busy_s: dict[Kind, float] = field(default_factory=dict)

    def add(self, task: Task, seconds: float) -> None:
        """Count a task."""
        self.tasks += 1
        self.photos[task.kind] += task.photos
        self.busy_s[task.kind] = self.busy_s.get(task.kind, 0.0) + seconds

    def photos_a_second(self, kind: Kind) -> float | None:
        """Photos of a kind of task in a second of such tasks; None where it had none."""
        return self.photos[kind] / self.busy_s[kind] if self.photos[kind] else None


class Cluster(Protocol):
    """Who runs tasks."""

    @property
    def slots(self) -> int:
        """Tasks that run at the same time."""

    @property
    def workers(self) -> Mapping[str, Worked]:
        """What each worker has done, by its address."""

    @property
    def without_workers_s(self) -> float:
        """How long tasks waited while no worker was there."""

    def submit(self, task: Task) -> None:
        """Hand a task over."""

    @property
    def has_done(self) -> bool:
        """Whether `next_done` has not to wait."""

    def next_done(self) -> tuple[Task, Any]:
        """Wait for a task that was handed over, and for what it returned or why it did not."""


@dataclass(eq=False, slots=True)
class _UnderWay:
    """A patrol with the tasks that it waits for."""

    name: str
    number: int
    steps: Steps
    begun: bool = False
    names: list[str] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)


def conduct(
    patrols: Iterable[tuple[str, Steps]], cluster: Cluster, tell: Tell
) -> Iterator[tuple[str, Any]]:
    """Let a cluster do patrols; gives each with its result, or why it was refused.

    At most two tasks for each slot are handed over, and patrols are begun only where fewer than
    four for each slot are known. To begin one may take a while, as an earlier run's products are
    looked at; so what is ready is handed over, and what has ended told, after each of them.
    """
    return _Conductor(cluster, tell).run(iter(patrols))


class _Conductor:
    """Keeps the tasks that are known, handed over, and waited for."""

    def __init__(self, cluster: Cluster, tell: Tell) -> None:
        self._cluster, self._tell = cluster, tell
        self._ready: list[tuple[Kind, int, int, Task]] = []
        self._order = count()
        self._waits: dict[str, _UnderWay] = {}
        self._handed = 0
        self._ended: list[tuple[str, Any]] = []
        self._done, self._known = Counter[Kind](), Counter[Kind]()

    def run(self, patrols: Iterator[tuple[str, Steps]]) -> Iterator[tuple[str, Any]]:
        """Go on until no patrol is left."""
        waiting = enumerate(patrols)
        more = True
        while more or self._waits:
            begins = more and len(self._waits) < 4 * self._cluster.slots
            if begins:
                number, (name, steps) = next(waiting, (0, ("", None)))
                more = steps is not None
                if steps is not None:
                    self._go_on(_UnderWay(name, number, steps))
            while self._ready and self._handed < 2 * self._cluster.slots:
                self._cluster.submit(heappop(self._ready)[-1])
                self._handed += 1
            if self._handed and (not begins or self._cluster.has_done):
                self._take(*self._cluster.next_done())
            yield from self._ended
            self._ended.clear()

    def _take(self, task: Task, result: Any) -> None:
        self._handed -= 1
        self._done[task.kind] += task.photos
        self._tell(task.kind, self._done[task.kind], self._known[task.kind])
        patrol = self._waits.pop(task.name)
        patrol.results[task.name] = result
        if len(patrol.results) == len(patrol.names):
            self._go_on(patrol)

    def _go_on(self, patrol: _UnderWay) -> None:
        """Send a patrol the results it waited for, and take its next tasks or its end."""
        results = [patrol.results[name] for name in patrol.names]
        try:
            tasks = patrol.steps.send(results) if patrol.begun else next(patrol.steps)
        except StopIteration as end:
            self._ended.append((patrol.name, end.value))
            return
        except (AerogridError, OSError) as error:  # its drive, say; the others can be done
            self._ended.append((patrol.name, Refused(str(error))))
            return
        patrol.begun, patrol.results = True, {}
        patrol.names = [task.name for task in tasks]
        for task in tasks:
            self._waits[task.name] = patrol
            self._known[task.kind] += task.photos
            heappush(self._ready, (task.kind, patrol.number, next(self._order), task))


def one(task: Task) -> Generator[Sequence[Task], Sequence[Any], Any]:
    """Have one task done; its result.

    Raises:
        PipelineError: it was refused, or killed its workers.
    """
    (result,) = yield (task,)
    if isinstance(result, Killed):
        raise PipelineError(
            f"the programs that had all of it in hand {result.why}; look at the logs of the "
            f"workers, and {result.remedy}"
        )
    return accepted(result)


def accepted(result: Any) -> Any:
    """A task's result.

    Raises:
        PipelineError: it was refused.
    """
    if isinstance(result, Refused):
        raise PipelineError(result.why)
    return result


def run_task(task: Task, *, has_gpu: bool = False) -> Any:
    """Run a task on a worker; what it refuses is told in words, which travel where errors do not.

    An error of ours keeps facts as attributes, and most cannot be made again from their message.
    """
    call = task.gpu_call if has_gpu and task.gpu_call is not None else task.call
    try:
        return call(*task.arguments)
    except AerogridError as error:
        return Refused(str(error))

"""EDGE: tasks of a campaign on a cluster of Dask: on this machine, or on workers elsewhere."""

import logging
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

import dask
from distributed import (
    Client,
    Future,
    KilledWorker,
    LocalCluster,
)
from distributed.system import MEMORY_LIMIT
from distributed.utils import get_mp_context

from pipeline.attendance import FIRST_TOLD_S, Attendance, Note, silent
from pipeline.campaigning import Killed, Refused, Task, Worked
from pipeline.errors import PipelineError
from pipeline.on_worker import GPU, Ran, run
from pipeline.overdue import OverdueError

_SCHEDULER_WAIT_S = 10.0
_WORKERS_WAIT_S = 60.0
_PRIORITY = {0: 3, 1: 2, 2: 1, 3: 0}  # of `Kind`; Dask runs the highest first
_NEWS_S = 1.0
_LOOK_S = 5.0
"""How long nothing may end before workers are looked for."""
_LEAST_BYTES = 3_000_000_000
"""What each worker of this machine may hold at least: it needs some 1 GB."""
_AHEAD = 2
"""Tasks that a worker with a GPU is given at once, so that it need not wait for the next."""


ENVIRONMENT = {
    "OMP_NUM_THREADS": 1,
    "MKL_NUM_THREADS": 1,
    "OPENBLAS_NUM_THREADS": 1,
    "MALLOC_TRIM_THRESHOLD_": 512 * 1024**2,
    "MALLOC_MMAP_THRESHOLD_": 32 * 1024**2,
}
"""Of workers. By Dask's own MALLOC_TRIM_THRESHOLD_ (64 KiB) each picture that is let go has its
memory given back and fetched again, for a quarter more CPU in the adjustment; by these a worker
keeps what it will need again, for one in twenty-five less than without any."""

SELDOM = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500 ms",
    "distributed.admin.system-monitor.interval": "5 s",
    "distributed.worker.memory.monitor-interval": "1 s",
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}
"""How often Dask looks at itself, the stacks of its threads above all: by its own settings (10, 20,
500 and 100 ms) some 3 % of the CPU of a campaign by two workers. Tasks here take seconds.

And no pause at four fifths of a worker's memory: what it holds is the model and photos in hand,
which a pause does not free, so it would be for ever. Results are small, there is none to spill."""


class LostSchedulerError(PipelineError):
    """The scheduler ended in the midst of a campaign."""

    def __init__(self, address: str) -> None:
        """Say which, and how to go on."""
        super().__init__(
            f"{address}: the scheduler has ended. Start it and its workers, and run the same "
            "command again: it goes on where it was."
        )


class DaskCluster:
    """Runs tasks by Dask; a task whose worker ends is given to another one.

    A task that had its worker ended more often than the scheduler's `allowed-failures` (3), or that
    two workers did not get done in its time, is given back as `Killed`. Workers with a GPU get what
    is done faster there, as much as they get through, and other workers all else; where one kind of
    worker is not there, or has nothing to do, the other kind does it.
    """

    def __init__(self, client: Client, note: Note = silent, hint: str = "") -> None:
        """Take part in a cluster that has workers.

        `note` is told, with the hint what to do, while it has none any more.
        """
        self._client = client
        self._address = str(client.scheduler.address)
        self._tasks: dict[Future, Task] = {}
        self._for_gpu: set[Future] = set()
        self._completed: SimpleQueue[Future] = SimpleQueue()
        self._attendance = Attendance(note, hint)
        self._note = note
        self._overdue: set[str] = set()
        self._workers: dict[str, Worked] = {}
        self._told: Mapping[str, Any] = {}
        self._asked_s = float("-inf")

    @property
    def workers(self) -> Mapping[str, Worked]:
        """What each worker has done, by its address."""
        return self._workers

    @property
    def without_workers_s(self) -> float:
        """How long tasks waited while no worker was there."""
        return self._attendance.seconds

    @property
    def dashboard(self) -> str | None:
        """Address of Dask's own pages of tasks and workers, where bokeh, which draws them, is."""
        link: str | None = self._client.dashboard_link
        return link if find_spec("bokeh") else None

    @property
    def slots(self) -> int:
        """Threads of all workers, at least one: they may be starting again."""
        threads: list[int] = [told["nthreads"] for told in self._known().values()]
        return max(1, sum(threads))

    def submit(self, task: Task) -> None:
        """Hand a task over."""
        with_gpu, without = self._by_gpu()
        goes_to_gpu = task.gpu_call is not None and len(self._for_gpu) < _AHEAD * len(with_gpu)
        future = self._submitted(task, _key(task), with_gpu if goes_to_gpu else without)
        if goes_to_gpu:
            self._for_gpu.add(future)

    def _submitted(self, task: Task, key: str, chosen: Sequence[str]) -> Future:
        """Hand a task over to any worker, to these where that can be."""
        future = self._client.submit(
            run,
            task,
            key=key,
            pure=False,
            priority=_PRIORITY[task.kind],
            workers=chosen or None,
            allow_other_workers=bool(chosen),
        )
        self._tasks[future] = task
        future.add_done_callback(self._completed.put)
        return future

    def _by_gpu(self) -> tuple[Sequence[str], Sequence[str]]:
        """Addresses of workers with a GPU, and of those without; neither where none has one."""
        known = self._known()
        with_gpu = [name for name, told in known.items() if told["resources"].get(GPU, 0) > 0]
        return with_gpu, [name for name in known if with_gpu and name not in with_gpu]

    def _known(self) -> Mapping[str, Any]:
        """Workers that take tasks, as told lately: to ask for each task takes time."""
        if monotonic() > self._asked_s + _NEWS_S:
            with suppress(OSError):  # where it has ended, the tasks tell
                told = self._client.scheduler_info(n_workers=-1)["workers"]
                self._told = self._attendance.present(told)
            self._asked_s = monotonic()
        return self._told

    @property
    def has_done(self) -> bool:
        """Whether `next_done` has not to wait."""
        return not self._completed.empty()

    def next_done(self) -> tuple[Task, Any]:
        """Wait for a task and its result.

        Raises:
            LostSchedulerError: it is known by the tasks that were cancelled, or by a result that
                was on its way.
        """
        while True:
            future = self._next_future()
            task = self._tasks.pop(future)
            self._for_gpu.discard(future)
            if future.cancelled():
                raise LostSchedulerError(self._address)
            try:
                error = future.exception()
                ran = future.result() if error is None else None
            except (OSError, CancelledError) as lost:
                raise LostSchedulerError(self._address) from lost
            future.release()
            if isinstance(error, OverdueError) and _key(task) not in self._overdue:
                self._try_elsewhere(task, error)
                continue
            self._overdue.discard(_key(task))
            return task, self._counted(task, ran) if ran is not None else _explained(error)

    def _try_elsewhere(self, task: Task, error: OverdueError) -> None:
        """Hand a task over once more, to another worker than the one that has it in hand still."""
        self._note(
            f"{error.where}: a task of {task.photos or 'all'} photos was {error}. It is tried once "
            "more, by another worker where there is one; this one begins again by itself if it has "
            "a nanny, or is a service"
        )
        self._overdue.add(_key(task))
        # To no worker by name: it may have ended by then, and Dask would wait for it for ever. The
        # one that has the task in hand can begin no other, and ends.
        self._submitted(task, f"{_key(task)}-again", ())

    def _next_future(self) -> Future:
        while True:
            try:
                future = self._completed.get(timeout=_LOOK_S)
            except Empty:
                self._attendance.look(len(self._known()), len(self._tasks))
            else:
                self._attendance.end()
                return future

    def _counted(self, task: Task, ran: Ran) -> Any:
        self._workers.setdefault(ran.worker, Worked(ran.has_gpu)).add(task, ran.seconds)
        return ran.result


def _key(task: Task) -> str:
    """What Dask knows a task by, among those of all campaigns that share a scheduler."""
    return f"{task.name}-{sha256(task.place.encode()).hexdigest()[:16]}"


_WHERE_TO_LOOK = (
    "see whether their drive or store answers, or give tasks more time (`seconds_per_photo`)"
)


def _explained(error: BaseException) -> Killed | Refused:
    if isinstance(error, KilledWorker):
        return Killed()
    if isinstance(error, OverdueError):
        return Killed(f"were {error}, twice", _WHERE_TO_LOOK)
    return Refused(f"a worker failed: {type(error).__name__}: {error}")


_LOUD = ("distributed", "tornado", "asyncio")


def _hush() -> None:
    """Leave to Dask's logs what it says of its own accord: ends of its parts fill a screen.

    Some of its loggers have a level of their own, so that of their parent is not enough.
    """
    for name in (*_LOUD, *logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LOUD:
            logging.getLogger(name).setLevel(logging.CRITICAL)


_LOADED_ONCE = ["pipeline.cluster", "pipeline.shards"]


def _start_method() -> str:
    """How workers of this machine begin: as forks of one process that has loaded all they need.

    Each would take 2 s of CPU for it. Where there are no forks each loads it by itself.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        get_mp_context().set_forkserver_preload(_LOADED_ONCE)  # after Dask has named its own
    return "forkserver"


@contextmanager
def local_cluster(
    workers: int, *, note: Note = silent, is_verbose: bool = False
) -> Iterator[DaskCluster]:
    """Start workers on this machine, a process each; they are reached from it alone."""
    if not is_verbose:
        _hush()
    with (
        dask.config.set(
            {
                "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
                "distributed.worker.multiprocessing-method": _start_method(),
                **SELDOM,
            }
        ),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            memory_limit=max(_LEAST_BYTES, MEMORY_LIMIT // workers),
            dashboard_address="127.0.0.1:0",
            silence_logs=False if is_verbose else logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield DaskCluster(client, note, "Those of --local begin again by themselves.")


@contextmanager
def remote_cluster(
    address: str, *, note: Note = silent, is_verbose: bool = False
) -> Iterator[DaskCluster]:
    """Take part in a cluster that runs already; its own words are left to its logs.

    With `is_verbose` they are shown. `note` is told that it has no workers, and how to start one.

    Raises:
        PipelineError: no scheduler answers there, or it has no workers.
    """
    if not is_verbose:
        _hush()
    try:
        client = Client(address, timeout=_SCHEDULER_WAIT_S)
    except (OSError, ValueError) as error:
        raise PipelineError(
            f"{address}: no scheduler of Dask answers there ({error}). Start one with `dask "
            "scheduler`, or use --local 2."
        ) from error
    start = (
        f"Start them with `dask worker {address} --nthreads 1 --memory-limit 3GB`, in an "
        "environment with the same aerogrid."
    )
    with client:
        if not _has_workers(client, FIRST_TOLD_S):
            note(f"{address}: the scheduler has no workers yet. {start}")
            if not _has_workers(client, _WORKERS_WAIT_S - FIRST_TOLD_S):
                raise PipelineError(f"{address}: the scheduler has no workers. {start}")
        yield DaskCluster(client, note, start)


def _has_workers(client: Client, within_s: float) -> bool:
    try:
        client.wait_for_workers(1, timeout=within_s)
    except TimeoutError:
        return False
    return True

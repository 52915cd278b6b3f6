"""EDGE: tasks of a campaign on a cluster of Dask: on this machine, or on workers elsewhere."""

import logging
import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from threading import current_thread, main_thread
from time import monotonic, perf_counter
from typing import Any

import dask
from distributed import (
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Status,
    Worker,
    WorkerPlugin,
    get_worker,
)
from distributed.system import MEMORY_LIMIT
from distributed.utils import get_mp_context

from pipeline.at_hand import drop_all
from pipeline.attendance import FIRST_TOLD_S, Attendance, Note, silent
from pipeline.campaigning import Killed, Refused, Task, Worked, run_task
from pipeline.errors import PipelineError

_SCHEDULER_WAIT_S = 10.0
_WORKERS_WAIT_S = 60.0
_PRIORITY = {0: 3, 1: 2, 2: 1, 3: 0}  # of `Kind`; Dask runs the highest first
GPU = "GPU"
"""The resource that workers with a GPU declare: `dask worker ... --resources GPU=1`."""
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


@dataclass(frozen=True, slots=True)
class _Ran:
    """What a task came to, and where."""

    result: Any
    worker: str
    has_gpu: bool
    seconds: float


def _run(task: Task) -> _Ran:
    """Run a task on the worker that this is."""
    worker = get_worker()
    worker.loop.add_callback(_obey_at_once, worker)
    has_gpu = worker.state.total_resources.get(GPU, 0) > 0
    started_s = perf_counter()
    result = run_task(task, has_gpu=has_gpu)
    return _Ran(result, worker.address, has_gpu, perf_counter() - started_s)


_LEAVES = "aerogrid-leaves"


class _Leaves(WorkerPlugin):  # type: ignore[misc]  # Dask is not typed
    """Lets a worker that is to end do so at once, whatever it has in hand.

    Dask waits half a minute for the task, and its thread may be in a library that fails while
    Python goes down. Nothing is lost: what a task finishes is written as a whole or not at all,
    and another worker is given the task.
    """

    def setup(self, worker: Worker) -> None:
        """Be there from now on; the wish to end may have come while the task did."""
        if worker.status is Status.closing:
            self.teardown(worker)

    def teardown(self, worker: Worker) -> None:
        """Leave, unless nothing is in hand, or the process is not the worker's alone."""
        is_own_process = current_thread() is main_thread()
        if worker.active_threads and is_own_process:
            drop_all()
            os._exit(0)


async def _obey_at_once(worker: Worker) -> None:
    """Be ready to leave; in the worker's loop, so that its threads add no plugin twice.

    Dask lets go of the one that is there, which would be taken for the end.
    """
    if _LEAVES not in worker.plugins:
        await worker.plugin_add(plugin=_Leaves(), name=_LEAVES)


class DaskCluster:
    """Runs tasks by Dask; a task whose worker ends is given to another one.

    A task that had its worker ended more often than the scheduler's `allowed-failures` (3) is given
    back as `Killed`. Workers with a GPU get what is done faster there, as much as they get through,
    and other workers all else; where one kind of worker is not there, or has nothing to do, the
    other kind does it.
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
        chosen = with_gpu if goes_to_gpu else without
        future = self._client.submit(
            _run,
            task,
            key=_key(task),
            pure=False,
            priority=_PRIORITY[task.kind],
            workers=chosen or None,
            allow_other_workers=bool(chosen),
        )
        self._tasks[future] = task
        if goes_to_gpu:
            self._for_gpu.add(future)
        future.add_done_callback(self._completed.put)

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
        result: Any = _explained(error) if ran is None else self._counted(task, ran)
        future.release()
        return task, result

    def _next_future(self) -> Future:
        while True:
            try:
                future = self._completed.get(timeout=_LOOK_S)
            except Empty:
                self._attendance.look(len(self._known()), len(self._tasks))
            else:
                self._attendance.end()
                return future

    def _counted(self, task: Task, ran: _Ran) -> Any:
        self._workers.setdefault(ran.worker, Worked(ran.has_gpu)).add(task, ran.seconds)
        return ran.result


def _key(task: Task) -> str:
    """What Dask knows a task by, among those of all campaigns that share a scheduler."""
    return f"{task.name}-{sha256(task.place.encode()).hexdigest()[:16]}"


def _explained(error: BaseException) -> Killed | Refused:
    if isinstance(error, KilledWorker):
        return Killed()
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

"""EDGE: tasks of a campaign on a cluster of Dask: on this machine, or on workers elsewhere."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Client, Future, KilledWorker, LocalCluster, as_completed

from pipeline.campaigning import Killed, Refused, Task, run_task
from pipeline.errors import PipelineError

_SCHEDULER_WAIT_S = 10.0
_WORKERS_WAIT_S = 60.0
_PRIORITY = {0: 3, 1: 2, 2: 1, 3: 0}  # of `Kind`; Dask runs the highest first


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

    A task that had its worker ended more often than the scheduler's `allowed-failures` (3) is given
    back as `Killed`.
    """

    def __init__(self, client: Client) -> None:
        """Take part in a cluster that has workers."""
        self._client = client
        self._address = str(client.scheduler.address)
        self._tasks: dict[Future, Task] = {}
        self._completed = as_completed()

    @property
    def slots(self) -> int:
        """Threads of all workers, at least one: they may be starting again."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, task: Task) -> None:
        """Hand a task over."""
        future = self._client.submit(
            run_task,
            task,
            key=task.name,
            pure=False,
            priority=_PRIORITY[task.kind],
        )
        self._tasks[future] = task
        self._completed.add(future)

    def next_done(self) -> tuple[Task, Any]:
        """Wait for a task and its result.

        Raises:
            LostSchedulerError: it is known by the tasks that were cancelled.
        """
        future = next(self._completed)
        task = self._tasks.pop(future)
        if future.cancelled():
            raise LostSchedulerError(self._address)
        error = future.exception()
        result: Any = future.result() if error is None else _explained(error)
        future.release()
        return task, result


def _explained(error: BaseException) -> Killed | Refused:
    if isinstance(error, KilledWorker):
        return Killed()
    return Refused(f"a worker failed: {type(error).__name__}: {error}")


@contextmanager
def local_cluster(workers: int) -> Iterator[DaskCluster]:
    """Start workers on this machine, a process each; they are reached from it alone."""
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield DaskCluster(client)


@contextmanager
def remote_cluster(address: str) -> Iterator[DaskCluster]:
    """Take part in a cluster that runs already; its own words are left to its logs.

    Raises:
        PipelineError: no scheduler answers there, or it has no workers.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_SCHEDULER_WAIT_S)
    except (OSError, ValueError) as error:
        raise PipelineError(
            f"{address}: no scheduler of Dask answers there ({error}). Start one with `dask "
            "scheduler`, or use --local 2."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKERS_WAIT_S)
        except TimeoutError as error:
            raise PipelineError(
                f"{address}: the scheduler has no workers. Start them with `dask worker {address} "
                "--nthreads 1`, in an environment with the same aerogrid."
            ) from error
        yield DaskCluster(client)

"""EDGE: a task of a campaign on the worker of Dask that has it in hand."""

import asyncio
import logging
import os
from dataclasses import dataclass
from functools import partial
from threading import current_thread, main_thread
from time import perf_counter
from typing import Any

from distributed import Status, Worker, WorkerPlugin, get_worker

from pipeline.at_hand import drop_all
from pipeline.campaigning import Task, run_task
from pipeline.overdue import OverdueError, within

GPU = "GPU"
"""The resource that workers with a GPU declare: `dask worker ... --resources GPU=1`."""
_TO_TELL_S = 1.0
"""In which a worker that is to end tells the scheduler why."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a task came to, and where."""

    result: Any
    worker: str
    has_gpu: bool
    seconds: float


def run(task: Task) -> Ran:
    """Run a task on the worker that this is.

    Raises:
        OverdueError: it is not done within its time; the worker ends a second later.
    """
    worker = get_worker()
    worker.loop.add_callback(_obey_at_once, worker)
    has_gpu = worker.state.total_resources.get(GPU, 0) > 0
    started_s = perf_counter()
    try:
        result = within(task.limit_s, partial(run_task, task, has_gpu=has_gpu))
    except OverdueError as error:
        logging.getLogger("distributed.worker").error("%s: %s; the worker ends", task.name, error)
        worker.loop.add_callback(_end_soon)
        raise OverdueError(error.limit_s, worker.address) from None
    return Ran(result, worker.address, has_gpu, perf_counter() - started_s)


async def _end_soon() -> None:
    """End this worker, which has an overdue call in hand still; what started it does so again."""
    await asyncio.sleep(_TO_TELL_S)
    if current_thread() is main_thread():  # the process is the worker's alone
        drop_all()
        os._exit(1)


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

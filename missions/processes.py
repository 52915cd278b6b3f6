"""EDGE: worker processes that leave Ctrl-C to the process that started them."""

import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def worker_pool(
    workers: int,
    *,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> ProcessPoolExecutor:
    """Start worker processes that never see SIGINT, not even while they import.

    A terminal sends Ctrl-C to every process of a command; a worker that dies of it prints a
    traceback over the message of its parent, who ends the pool anyway.
    """
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=initializer, initargs=initargs
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited by children
    try:
        pool.submit(int)  # spawned workers start, all at once, with the first task
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pool

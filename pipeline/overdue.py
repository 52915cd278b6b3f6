"""A time limit for a call that may hang: on a drive that does not answer, or in a library."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any


class OverdueError(Exception):
    """A call was not done within its time. It is at it still: only the end of its process ends it.

    Attributes:
        limit_s: the time.
        where: the worker that has it in hand, if it is one.
    """

    def __init__(self, limit_s: float, where: str = "") -> None:
        """Say how long it had; an error travels from a worker by its arguments."""
        super().__init__(limit_s, where)
        self.limit_s, self.where = limit_s, where

    def __str__(self) -> str:
        """Say so to a person."""
        return f"not done within {self.limit_s:g} s"


def within(limit_s: float | None, call: Callable[[], Any]) -> Any:
    """What a call returns or raises, in a thread of its own; None lets it take its time.

    Raises:
        OverdueError: it was not done within `limit_s`.
    """
    if limit_s is None:
        return call()
    came: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            came.put((call(), None))
        except BaseException as error:
            came.put((None, error))

    Thread(target=run, daemon=True).start()
    try:
        result, error = came.get(timeout=limit_s)
    except Empty:
        raise OverdueError(limit_s) from None
    if error is not None:
        raise error
    return result

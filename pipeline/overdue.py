"""A time limit for a call that may hang: on a drive that does not answer, or in a library."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread, local
from typing import Any

_Answers = SimpleQueue[tuple[Any, BaseException | None]]
_Calls = SimpleQueue[tuple[Callable[[], Any], _Answers] | None]


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


class _Helper:
    """A thread that makes calls one after the other, and ends when nobody has it any more.

    It lasts, since libraries keep what they have set up (projections, memory) by thread.
    """

    def __init__(self) -> None:
        self._calls: _Calls = SimpleQueue()
        Thread(target=_make_calls, args=(self._calls,), daemon=True).start()

    def asked(self, call: Callable[[], Any]) -> _Answers:
        """Where the answer of a call will come."""
        answers: _Answers = SimpleQueue()
        self._calls.put((call, answers))
        return answers

    def __del__(self) -> None:
        self._calls.put(None)


def _make_calls(calls: _Calls) -> None:
    while (asked := calls.get()) is not None:
        call, answers = asked
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))
        del asked, call, answers


_of_thread = local()
"""`helper`: that of the thread that asks, unless it hangs."""


def within(limit_s: float | None, call: Callable[[], Any]) -> Any:
    """What a call returns or raises, in a thread beside this one; None lets it take its time.

    Raises:
        OverdueError: it was not done within `limit_s`.
    """
    if limit_s is None:
        return call()
    helper = getattr(_of_thread, "helper", None) or _Helper()
    _of_thread.helper = None
    try:
        result, error = helper.asked(call).get(timeout=limit_s)
    except Empty:
        raise OverdueError(limit_s) from None
    _of_thread.helper = helper
    if error is not None:
        raise error
    return result

"""What was worked out of a registry, kept as long as the registry stays as it was."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

MOST = 64
Value = TypeVar("Value")


class Memo:
    """The last answers, one for each question; may be shared between threads.

    A question that several ask at once is worked out once.
    """

    def __init__(self, most: int = MOST) -> None:
        """Keep so many answers, those that were asked for last."""
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, question: Hashable, stamp: Hashable, make: Callable[[], Value]) -> Value:
        """Answer as before where the stamp is the same, else anew."""
        with self._lock:
            making = self._making.setdefault(question, threading.Lock())
        with making:
            with self._lock:
                kept = self._kept.get(question)
            if kept is None or kept[0] != stamp:
                kept = (stamp, make())
            with self._lock:
                self._kept[question] = kept
                self._kept.move_to_end(question)
                while len(self._kept) > self._most:
                    self._making.pop(self._kept.popitem(last=False)[0], None)
        value: Value = kept[1]
        return value


def _memo(request: Request) -> Memo:
    memo: Memo = request.app.state.memo
    return memo


MemoOf = Annotated[Memo, Depends(_memo)]

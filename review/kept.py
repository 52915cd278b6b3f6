"""What was made last, kept up to a size."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Keeps what was asked for last; may be shared between threads.

    What several ask for at once is made once.
    """

    def __init__(self, most: float, size: Callable[[Value], float], *, at_once: int) -> None:
        """Keep so much, as `size` counts, the last one always; make so many at a time."""
        self._most, self._size = most, size
        self._held = 0.0
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.BoundedSemaphore(at_once)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Give what is kept by a key, or make it."""
        with self._lock:
            if key in self._kept:
                return self._again(key)
        with self._making:
            with self._lock:
                if key in self._kept:
                    return self._again(key)
            made = make()
            with self._lock:
                self._keep(key, made)
        return made

    def _again(self, key: Key) -> Value:
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: Key, made: Value) -> None:
        if key not in self._kept:
            self._held += self._size(made)
        self._kept[key] = made
        while self._held > self._most and len(self._kept) > 1:
            self._held -= self._size(self._kept.popitem(last=False)[1])

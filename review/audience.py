"""What many who listen ask at once is worked out once, in a thread, while the others wait."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

MOST = 256
Value = TypeVar("Value")


class Audience:
    """The last answers, one for each question. Belongs to one event loop: that of the server."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()

    async def get(self, question: Hashable, stamp: Hashable, make: Callable[[], Value]) -> Value:
        """Answer as before where the stamp is the same, else anew; `make` runs in a thread."""
        kept = self._kept.get(question)
        if kept is None or kept[0] != stamp:
            async with self._asking:
                kept = self._kept.get(question)
                if kept is None or kept[0] != stamp:
                    kept = self._keep(question, stamp, await run_in_threadpool(make))
        value: Value = kept[1]
        return value

    def _keep(self, question: Hashable, stamp: Hashable, value: object) -> tuple[Hashable, Any]:
        self._kept[question] = kept = stamp, value
        self._kept.move_to_end(question)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return kept

"""Which workers of a cluster take tasks, and telling when there are none."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, TypeAlias

FIRST_TOLD_S, TOLD_EACH_S = 10.0, 60.0
"""After how long it is told that there is no worker, and how often again."""

Note: TypeAlias = Callable[[str], None]
"""Is told what a person should know that stops nothing."""


def silent(_: str) -> None:
    """Tell nobody."""


class Attendance:
    """Which workers take tasks, how long none did, and telling that it is so."""

    def __init__(self, note: Note, hint: str, clock_s: Callable[[], float] = monotonic) -> None:
        """`note` is told, with the hint what to do, while no worker takes tasks."""
        self._note, self._hint, self._clock_s = note, hint, clock_s
        self._since_s: float | None = None
        self._due_s = 0.0
        self._before_s = 0.0
        self._paused = 0
        self._told_of: set[str] = set()

    def present(self, workers: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those of all workers, as a scheduler describes them by address, that take tasks.

        Dask pauses a worker whose memory it takes for full, for ever where the limit is less than
        aerogrid needs at rest: such a one counts as absent, and each is told of once.
        """
        paused = {name: told for name, told in workers.items() if told["status"] == "paused"}
        self._paused = len(paused)
        new = sorted(paused.keys() - self._told_of)
        if new:
            self._told_of.update(new)
            used, limit = paused[new[0]]["metrics"]["memory"], paused[new[0]]["memory_limit"]
            self._note(
                f"{len(new)} worker(s) are paused by Dask, whose limit of memory they reach, and "
                f"take no tasks: {new[0]} holds {used / 1e6:.0f} MB of {limit / 1e6:.0f} MB. Start "
                "them with `--memory-limit 3GB` and in their environment "
                "`DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False`."
            )
        return {name: told for name, told in workers.items() if name not in paused}

    def look(self, workers: int, waiting: int) -> None:
        """Take notice of how many workers take tasks, and how many tasks wait."""
        now_s = self._clock_s()
        if workers:
            self.end()
        elif self._since_s is None:
            self._since_s, self._due_s = now_s, now_s + FIRST_TOLD_S
        elif now_s >= self._due_s:
            self._due_s = now_s + TOLD_EACH_S
            paused = f" (but {self._paused} paused)" if self._paused else ""
            self._note(
                f"no worker has been there{paused} for {now_s - self._since_s:.0f} s, tasks that "
                f"wait: {waiting}. {self._hint}"
            )

    def end(self) -> None:
        """Take notice that a worker is there, or was just now."""
        self._before_s, self._since_s = self.seconds, None

    @property
    def seconds(self) -> float:
        """Of all times without a worker that takes tasks, the present one too."""
        now_s = self._clock_s()
        return self._before_s + (0.0 if self._since_s is None else now_s - self._since_s)

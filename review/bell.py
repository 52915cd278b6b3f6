"""One look a second at the registry for all who listen, however many they are."""

import asyncio
import logging
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from cases.errors import RegistryError
from dispatch.news import Place

EVERY_S = 1.0

_log = logging.getLogger(__name__)


class Bell:
    """Rings when the registry has grown; looks only while somebody listens.

    Belongs to one event loop: that of the server.
    """

    def __init__(self, look: Callable[[], Place], every_s: float = EVERY_S) -> None:
        """Take the look at the registry, which may take its time: it runs in a thread."""
        self._look, self._every_s = look, every_s
        self._place = Place(0, 0)  # as far as the last look saw
        self._rung = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._listeners = 0
        self._is_closed = False
        self.looks = 0
        """How often it has looked."""

    @property
    def is_closed(self) -> bool:
        """Whether the server ends, and every stream with it."""
        return self._is_closed

    @property
    def seen(self) -> Place:
        """As far as the last look saw; whoever reads now knows at least so much."""
        return self._place

    @property
    def listeners(self) -> int:
        """How many wait for news."""
        return self._listeners

    async def wait(self, known: Place, timeout_s: float) -> bool:
        """Return when the registry has grown beyond a place, or after a time: whether it rang."""
        self._listeners += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._keep_looking())
        try:
            async with asyncio.timeout(timeout_s):
                while not self._place.is_beyond(known) and not self._is_closed:
                    await self._rung.wait()
        except TimeoutError:
            return False
        finally:
            self._listeners -= 1
        return True

    def close(self) -> None:
        """Let everybody who waits go."""
        self._is_closed = True
        self._rung.set()

    async def _keep_looking(self) -> None:
        try:
            while self._listeners and not self._is_closed:
                await self._see()
                await asyncio.sleep(self._every_s)
        finally:
            self._looking = None

    async def _see(self) -> None:
        try:
            place = await run_in_threadpool(self._look)
            self.looks += 1
        except RegistryError as error:  # busy or away for now; the next look may find it
            _log.warning("the registry could not be looked at: %s", error)
            return
        if place != self._place:
            self._place = place
            rung, self._rung = self._rung, asyncio.Event()
            rung.set()

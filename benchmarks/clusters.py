"""EDGE: a real cluster of Dask in processes that can be killed: scheduler, workers, driver."""

import asyncio
import logging
import multiprocessing
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic
from typing import Any

import dask
from distributed import Scheduler, Worker

from pipeline.campaign import read_campaign
from pipeline.campaigning import conduct
from pipeline.cluster import remote_cluster
from pipeline.patrol_steps import patrols_of

PATIENCE_S = 600.0


def forks() -> ForkServerContext:
    """Make what starts processes fast: forks of one that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.clusters"])
    return context


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it does not within `PATIENCE_S`.
    """
    end_s = monotonic() + PATIENCE_S
    with selectors.DefaultSelector() as nothing:
        while not holds():
            if monotonic() > end_s:
                raise TimeoutError(f"{what}: not within {PATIENCE_S:.0f} s")
            nothing.select(0.02)


def _schedule(port: int, most_deaths: int, told: Connection) -> None:
    _be_quiet()
    dask.config.set({"distributed.scheduler.allowed-failures": most_deaths})

    async def serve() -> None:
        async with Scheduler(host="127.0.0.1", port=port, dashboard=False) as scheduler:
            told.send(scheduler.address)
            await scheduler.finished()

    asyncio.run(serve())


def _be_quiet() -> None:
    """Keep what ends are made of out of the terminal."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


def _work(address: str, gpus: int, told: Connection) -> None:
    _be_quiet()
    has = {"GPU": gpus} if gpus else {}

    async def serve() -> None:
        async with Worker(
            address, nthreads=1, host="127.0.0.1", dashboard=False, resources=has
        ) as worker:
            told.send(worker.address)
            await worker.finished()

    asyncio.run(serve())


def _drive(drive: Callable[..., Any], address: str, run: Path, *more: Any) -> None:
    drive(address, run, *more[:-1])  # the last one is where answers would go


def drive(address: str, run: Path) -> dict[str, Any]:
    """Do a campaign on a cluster; what each patrol came to."""
    patrols = patrols_of(read_campaign(run))
    with remote_cluster(address) as cluster:
        return dict(conduct(patrols, cluster, lambda kind, done, known: None))


@dataclass
class Cluster:
    """Processes of a cluster, all of this machine; those still alive at the end are killed."""

    address: str = field(default_factory=lambda: f"tcp://127.0.0.1:{free_port()}")
    processes: list[BaseProcess] = field(default_factory=list)

    def __enter__(self) -> "Cluster":
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what is alive."""
        for process in self.processes:
            kill(process)

    def scheduler(self, most_deaths: int = 3) -> BaseProcess:
        """Start the scheduler; a task may see so many of its workers end before it is given up."""
        port = int(self.address.rpartition(":")[2])
        return self._started(_schedule, port, most_deaths)

    def worker(self, gpus: int = 0) -> BaseProcess:
        """Start a worker, for `gpus` one that says it has some."""
        return self._started(_work, self.address, gpus)

    def driver(self, run: Path) -> BaseProcess:
        """Start a campaign; returns at once."""
        return self.driver_by(drive, run)

    def driver_by(self, drive: Callable[..., Any], run: Path, *more: Any) -> BaseProcess:
        """Start a campaign in another way; returns at once."""
        return self._begun(_drive, drive, self.address, run, *more)[0]

    def _started(self, serve: Callable[..., None], *about: object) -> BaseProcess:
        process, answers = self._begun(serve, *about)
        if not answers.poll(PATIENCE_S):
            raise TimeoutError(f"{serve.__name__}: not up within {PATIENCE_S:.0f} s")
        return process

    def _begun(self, serve: Callable[..., None], *about: object) -> tuple[BaseProcess, Connection]:
        context = forks()
        answers, told = context.Pipe(duplex=False)
        process = context.Process(target=serve, args=(*about, told), daemon=True)
        process.start()
        told.close()
        self.processes.append(process)
        return process, answers


def kill(process: BaseProcess) -> None:
    """Kill a process of ours at once, and see it gone."""
    process.kill()
    process.join()

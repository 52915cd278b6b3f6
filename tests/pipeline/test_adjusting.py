"""The adjustment gives the same bytes however many threads a machine has for linear algebra."""

from pathlib import Path

from threadpoolctl import threadpool_info

from pipeline import adjusting
from pipeline.settings import Locating
from vision.adjustment import Adjustment


def test_linear_algebra_runs_on_one_thread_while_poses_are_adjusted(monkeypatch):
    threads = []

    def adjusted(frames, *_, **__) -> Adjustment:
        threads.extend(i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas")
        return Adjustment(tuple(frames))

    monkeypatch.setattr(adjusting, "adjust_frames", adjusted)
    adjusting.adjust((), Path("photos"), None, (), Locating())
    assert threads
    assert set(threads) == {1}

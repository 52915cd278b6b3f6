import os
import signal

from missions.processes import worker_pool


def interrupt_itself() -> set[signal.Signals]:
    os.kill(os.getpid(), signal.SIGINT)
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_worker_outlives_ctrl_c_and_its_parent_does_not_lose_it():
    with worker_pool(1) as pool:
        assert signal.SIGINT in pool.submit(interrupt_itself).result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())

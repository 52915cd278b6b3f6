"""Two campaigns at once on one scheduler: neither takes what is the other's."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed (extra campaign)")

from distributed import Client, LocalCluster

from benchmarks.clusters import until
from pipeline.campaign import Campaign, Patrol
from pipeline.campaigning import conduct
from pipeline.cluster import DaskCluster
from pipeline.inputs import Inputs
from pipeline.patrol_steps import LEDGERS, patrols_of
from pipeline.shards import Done
from tests.pipeline.rendered import make_photos
from tests.pipeline.test_campaigning import SETTINGS, quick

__all__ = ["quick"]


def hold(gate: str) -> None:
    """Keep a worker busy until a file is there."""
    until(Path(gate).is_file, "the file is there")


def test_patrols_of_one_name_and_the_same_photos_are_done_in_both(tmp_path: Path, quick):
    inputs, gate = Inputs(make_photos(tmp_path / "given").photos), tmp_path / "gate"
    first = Campaign(tmp_path / "first", SETTINGS, (Patrol("one", inputs, None),))
    campaigns = (first, replace(first, out=tmp_path / "second"))
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as started,
        Client(started) as ours,
        Client(started, set_as_default=False) as theirs,
        ThreadPoolExecutor(2) as drivers,
    ):
        held = ours.submit(hold, str(gate))  # until both have handed over what is to be read
        clusters = [DaskCluster(client) for client in (ours, theirs)]

        def told(campaign: Campaign, cluster: DaskCluster) -> dict[str, object]:
            return dict(conduct(patrols_of(campaign), cluster, lambda kind, done, known: None))

        came = [drivers.submit(told, *given) for given in zip(campaigns, clusters, strict=True)]
        until(lambda: all(cluster._tasks for cluster in clusters), "both have")
        gate.touch()
        held.result()
        one, other = (future.result() for future in came)
    assert isinstance(one["one"], Done), one
    assert one == other
    for campaign in campaigns:
        assert (campaign.out / "one" / "observations.gpkg").is_file()
        assert [path.name for path in (campaign.out / LEDGERS / "one").iterdir()] == ["done.json"]

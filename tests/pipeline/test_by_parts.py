"""A large orthophoto of a bucket is read as far as photos need it: bytes of a real S3 server."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely import box

pytest.importorskip("obstore", reason="obstore is not installed (extra storage)")
pytest.importorskip("moto.server", reason="moto is not installed")

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from geo.frames import WGS84
from geo.raster import read_map
from pipeline import places
from pipeline.at_hand import at_hand
from pipeline.campaign import Patrol
from pipeline.errors import PipelineError
from pipeline.inputs import Inputs
from pipeline.job import Job
from pipeline.settings import Settings
from tests.pipeline.bucket import bucket_at

SIDE_PX = 3072
ORTHO = Path("s3/land/ortho.tif")


class Counted:
    """A program of a server, and how many bytes of objects it has sent."""

    def __init__(self, program: Callable[..., Iterable[bytes]]) -> None:
        self._program, self.sent = program, 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        for chunk in self._program(environ, start_response):
            self.sent += len(chunk) if environ["REQUEST_METHOD"] == "GET" else 0
            yield chunk


@pytest.fixture(scope="module")
def store() -> Iterator[Counted]:
    """A server of our own with a bucket `land`, as the variables name it."""
    counted = Counted(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, counted, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    with bucket_at(url):
        yield counted
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def ortho(store: Counted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An orthophoto of noise that does not pack, here and in the bucket."""
    path = tmp_path_factory.mktemp("ortho") / "ortho.tif"
    write(path, seed=1)
    places.write(ORTHO, path.read_bytes())
    return path


def write(path: Path, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 255, (3, SIDE_PX, SIDE_PX), np.uint8)
    step = 1e-6
    with rasterio.open(
        path, "w", driver="COG", width=SIDE_PX, height=SIDE_PX, count=3, dtype="uint8",
        crs=WGS84.to_wkt(), transform=Affine(step, 0, 120.0, 0, -step, 32.0), blocksize=256,
        compress="deflate",
    ) as out:  # fmt: skip
        out.write(picture)


def job(tmp_path: Path, ortho: Path) -> Job:
    inputs = Inputs(Path("s3/land/photos"), ortho=ortho)
    root = Path("s3/land/patrols/one")
    return Job(Patrol("one", inputs, None), root, root / "ledger", Settings(), "", "")


def test_what_is_asked_of_an_orthophoto_comes_and_no_more(store, ortho, tmp_path):
    area = box(120.001, 31.9985, 120.0012, 31.9987)
    expected = read_map(ortho, area, 0.1)
    given = job(tmp_path, ORTHO)
    before = store.sent
    with at_hand(given, given.around) as here:
        assert here.patrol.inputs.ortho.stat().st_size < 10_000
        found = read_map(here.patrol.inputs.ortho, area, 0.1)
    sent = store.sent - before
    assert expected is not None
    assert found is not None
    assert np.array_equal(found[0], expected[0])
    assert found[1].transform == expected[1].transform
    assert 0 < sent < 0.1 * ortho.stat().st_size


def test_an_orthophoto_that_was_replaced_is_read_anew(store, ortho, tmp_path):
    area = box(120.001, 31.9985, 120.0012, 31.9987)
    other = tmp_path / "other.tif"
    write(other, seed=2)
    try:
        places.write(ORTHO, other.read_bytes())
        given = job(tmp_path, ORTHO)
        with at_hand(given, given.around) as here:
            found = read_map(here.patrol.inputs.ortho, area, 0.1)
        assert np.array_equal(found[0], read_map(other, area, 0.1)[0])
    finally:
        places.write(ORTHO, ortho.read_bytes())


def test_an_orthophoto_that_is_not_there_is_told_by_its_url(store, tmp_path):
    given = job(tmp_path, Path("s3/land/none.tif"))
    with (
        pytest.raises(PipelineError, match=r"s3://land/none\.tif: cannot be read as a raster"),
        at_hand(given, given.around),
    ):
        pass

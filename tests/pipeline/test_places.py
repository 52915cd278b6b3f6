"""Photos are read from an object store and products written there: a real S3 server on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is not installed (extra storage)")
pytest.importorskip("moto.server", reason="moto is not installed")

from moto.server import ThreadedMotoServer

from pipeline import analysis, places
from pipeline.campaign import Campaign, Patrol, read_campaign
from pipeline.campaigning import Kind
from pipeline.errors import PipelineError, SettingsError
from pipeline.inputs import Inputs
from pipeline.patrol_steps import LEDGERS
from pipeline.places import place_of, url_of
from pipeline.shard_ledger import StoreLedger
from pipeline.workspace import Workspace
from tests.pipeline.bucket import bucket_at
from tests.pipeline.rendered import make_photos
from tests.pipeline.stores import azure_container, google_bucket
from tests.pipeline.test_campaigning import SETTINGS, Here, done, quick

__all__ = ["quick"]

RUN = """
out = "s3://land/patrols"
photos_per_task = 2
config = "settings.toml"
grids = "s3://land/district/cells.gpkg"
zones = "s3://land/district/zones.gpkg"
dem = "s3://land/district/dem.tif"
[[patrols]]
name = "one"
photos = "s3://land/photos"
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """URL of an empty bucket `land` on a server of our own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with bucket_at(url) as land:
        yield land
    server.stop()


@pytest.mark.parametrize("text", ["s3://land/photos/june", "gs://land/a.tif", "az://land/x"])
def test_a_url_is_named_as_it_was_given(text):
    assert url_of(place_of(text, Path("/srv"))) == text


def test_paths_and_file_urls_are_places_of_this_machine():
    assert place_of("june", Path("/srv")) == Path("/srv/june")
    assert place_of("file:///mnt/june", Path("/srv")) == Path("/mnt/june")
    for text in ("ftp://host/june", "s3://"):
        with pytest.raises(SettingsError, match="is no place that can be reached"):
            place_of(text, Path("/srv"))


def test_places_of_several_kinds_are_refused(tmp_path):
    (tmp_path / "settings.toml").write_text("")
    path = tmp_path / "run.toml"
    for given, other in (('"s3://land/photos"', '"photos"'), ("s3://land/district", "gs://land")):
        path.write_text(RUN.replace(given, other, 1))
        with pytest.raises(SettingsError, match="are not in stores of one kind"):
            read_campaign(path)


@pytest.fixture(scope="module", params=["s3", "gs", "az"])
def land(request, tmp_path_factory) -> Iterator[str]:
    """URL of an empty bucket of each kind of store."""
    if request.param == "s3":
        yield request.getfixturevalue("bucket")
        return
    opened = {"gs": google_bucket, "az": azure_container}[request.param]
    with opened(tmp_path_factory.mktemp("store")) as url:
        yield url


def test_what_is_written_is_listed_copied_and_removed_in_each_kind_of_store(land, tmp_path):
    root = place_of(f"{land}/june", Path("/"))
    for name in ("a/1.jpg", "a/2.jpg", "b.tif"):
        places.write(root / name, name.encode())
    assert [(path, size) for path, (size, _) in places.stamps_below(root).items()] == [
        ("a/1.jpg", 7), ("a/2.jpg", 7), ("b.tif", 5),
    ]  # fmt: skip
    before = places.stamps_below(root / "b.tif")
    assert before == places.stamps_below(root / "b.tif")
    assert before["."][0] == 5
    places.write(root / "b.tif", b"other")
    assert places.stamps_below(root / "b.tif") != before
    places.fetch(root / "a", tmp_path)
    assert (tmp_path / root / "a" / "2.jpg").read_bytes() == b"a/2.jpg"
    assert not (tmp_path / root / "b.tif").exists()
    places.remove(root / "a" / "1.jpg")
    places.remove(root / "a" / "1.jpg")
    assert places.read(root / "a" / "1.jpg") is None
    assert set(places.stamps_below(root)) == {"a/2.jpg", "b.tif"}
    missing = Path(root.parts[0], "sea", "x")
    with pytest.raises(PipelineError, match=f"{url_of(missing)}: cannot be reached"):
        places.write(missing, b"")


def test_an_entry_of_the_ledger_is_read_as_it_was_put(land):
    ledger = StoreLedger(place_of(f"{land}/ledger", Path("/")))
    assert ledger.names() == set()
    ledger.put("one", b"found")
    ledger.put("two", b"")
    assert (ledger.get("one"), ledger.get("three")) == (b"found", None)
    places.write(ledger.root / "one", b"torn")
    assert ledger.get("one") is None
    ledger.clear(keep="two")
    assert ledger.names() == {"two"}
    ledger.drop("three")


def test_a_patrol_in_a_bucket_gives_what_the_serial_run_gives_here(bucket, tmp_path):
    here = tmp_path / "land"
    inputs = make_photos(here)
    (tmp_path / "settings.toml").write_text("[locating]\nadjust = false\n")
    (tmp_path / "run.toml").write_text(RUN)
    for path in here.rglob("*"):
        if path.is_file():
            places.write(Path("s3") / path.relative_to(tmp_path), path.read_bytes())
    campaign = read_campaign(tmp_path / "run.toml")
    serial = Workspace(here / "patrols" / "one")
    analysis.ingest(serial, inputs, campaign.settings)
    analysis.detect(serial, campaign.settings)
    analysis.locate(serial, campaign.settings)

    told = done(campaign, Here())["one"]
    assert [path for path, _ in told.unusable] == ["torn.jpg"]
    root = campaign.out / "one"
    found = {name: places.read(root / name) for name in places.stamps_below(root)}
    assert found == {path.name: path.read_bytes() for path in serial.root.iterdir()}
    assert set(places.stamps_below(campaign.out / LEDGERS / "one")) == {"done.json"}

    again = Here()
    assert done(campaign, again) == {"one": replace(told, before=True)}
    assert again.ran == []
    places.remove(root / "detections.json")
    done(campaign, again)
    assert again.count(Kind.LOCATE) == 1
    assert places.read(root / "detections.json") == found["detections.json"]


@pytest.fixture
def quick_patrol(bucket, quick, tmp_path) -> Campaign:
    """One patrol of photos in the bucket, with nothing around it."""
    photos = make_photos(tmp_path).photos
    for path in photos.iterdir():
        places.write(Path("s3/land/quick") / path.name, path.read_bytes())
    patrol = Patrol("one", Inputs(Path("s3/land/quick")), None)
    return Campaign(Path("s3/land/quick-patrols"), SETTINGS, (patrol,))


def test_a_store_tells_that_products_are_the_same_without_copies(quick_patrol, monkeypatch):
    told = done(quick_patrol, Here())["one"]
    copied: list[Path] = []
    fetch = places.fetch

    def seen(place: Path, folder: Path) -> None:
        copied.append(place)
        fetch(place, folder)

    monkeypatch.setattr(places, "fetch", seen)
    root, again = quick_patrol.out / "one", Here()
    assert done(quick_patrol, again)["one"] == replace(told, before=True)
    assert (copied, again.ran) == ([root / "settings.json"], [])
    places.write(root / "observations.gpkg", b"torn")
    done(quick_patrol, again)
    assert again.count(Kind.LOCATE) == 1


def test_a_file_that_is_not_in_the_store_is_told_before_any_photo_is_read(quick_patrol):
    (patrol,) = quick_patrol.patrols
    here = Here()
    for name in ("cells", "zones", "dem"):
        lost = replace(patrol.inputs, **{name: Path("s3/land/lost")})
        given = replace(quick_patrol, patrols=(replace(patrol, inputs=lost),))
        assert "s3://land/lost: no such file or folder" in done(given, here)["one"].why
    assert here.ran == []


def test_what_is_wrong_is_told_by_its_url(bucket, tmp_path):
    (tmp_path / "settings.toml").write_text("")
    (tmp_path / "run.toml").write_text(RUN.replace("land/photos", "land/nowhere"))
    told = done(read_campaign(tmp_path / "run.toml"), Here())["one"]
    assert "s3://land/nowhere: holds no photos" in told.why
    with pytest.raises(PipelineError, match="s3://sea/a: cannot be reached"):
        places.write(place_of("s3://sea/a", Path("/")), b"")

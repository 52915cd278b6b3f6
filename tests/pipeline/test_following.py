"""One trace leads from a photo's file to its case, in the serial run and in a campaign."""

import json
from pathlib import Path

from geo.tracing import VARIABLE, trace_of
from pipeline import analysis, filing
from pipeline.campaign import Campaign, Patrol
from pipeline.inputs import Inputs
from pipeline.settings import Locating, Settings
from pipeline.workspace import Workspace, read_json
from tests.pipeline.rendered import NOW, make_photos
from tests.pipeline.test_campaigning import Here, done
from tests.vision.photos import GIMBAL, HEIGHTS, save_photo
from vision.images import sha256_of

SETTINGS = Settings(locating=Locating(adjust=False))


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_photo_is_followed_from_its_file_to_its_case(tmp_path: Path, monkeypatch):
    trace = tmp_path / "trace.jsonl"
    monkeypatch.setenv(VARIABLE, str(trace))
    inputs = make_photos(tmp_path)
    campaign = Campaign(tmp_path / "out", SETTINGS, (Patrol("one", inputs, None),))
    done(campaign, Here())
    workspace = Workspace(campaign.out / "one")
    filing.file(workspace, SETTINGS, now=NOW)
    told = lines(trace)
    photos = {path.name: trace_of(sha256_of(path)) for path in inputs.photos.iterdir()}
    steps = {
        name: [line["step"] for line in told if line["trace"] == of] for name, of in photos.items()
    }
    assert steps.pop("torn.jpg") == ["read"]
    (torn,) = (line for line in told if line["trace"] == photos["torn.jpg"])
    assert "unreadable" in torn["remarks"][0]
    assert all(way[:2] == ["read", "searched"] for way in steps.values())
    cases = {line["case"] for line in told if line["step"] == "filed"}
    assert cases == set(read_json(workspace.filing)["new"])
    filed = {line["trace"] for line in told if line["step"] == "filed"}
    located = {line["trace"] for line in told if line["step"] == "located"}
    assert filed <= located <= set(photos.values())
    assert filed


def test_the_serial_search_is_followed_too(tmp_path: Path, monkeypatch):
    (tmp_path / "photos").mkdir()
    save_photo(tmp_path / "photos" / "a.jpg", xmp=GIMBAL | HEIGHTS)
    workspace, trace = Workspace(tmp_path / "patrol"), tmp_path / "trace.jsonl"
    analysis.ingest(workspace, Inputs(tmp_path / "photos"), SETTINGS)
    assert not trace.exists()
    monkeypatch.setenv(VARIABLE, str(trace))
    analysis.detect(workspace, SETTINGS)
    (line,) = lines(trace)
    assert (line["step"], line["photo"]) == ("searched", "a.jpg")

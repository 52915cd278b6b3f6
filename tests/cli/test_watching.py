"""The verb `watch` on a photo that is there already; tests/pipeline has them land one by one."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.cli.test_main import run


def test_watch_searches_what_is_there_and_ends_when_nothing_comes(tmp_path, monkeypatch, capsys):
    (tmp_path / "photos").mkdir()
    noise = np.random.default_rng(1).integers(60, 200, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photos" / "field.jpg")
    patrol = tmp_path / "patrol"
    arguments = (tmp_path / "photos", "--out", patrol, "--idle", "0.5")
    assert run(monkeypatch, "watch", *arguments) == 0
    told = capsys.readouterr()
    assert "1 photos, 0 waiting" in told.out
    assert "aerogrid analyze" in " ".join(told.err.split())
    assert (patrol / "filing.json").exists()


def test_watch_refuses_a_folder_of_others(tmp_path: Path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("not a patrol")
    assert run(monkeypatch, "watch", tmp_path / "photos", "--out", tmp_path / "mine") == 1
    assert "holds letter.txt and is no patrol" in " ".join(capsys.readouterr().err.split())

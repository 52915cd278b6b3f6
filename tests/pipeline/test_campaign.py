"""What a campaign is told."""

from pathlib import Path

import pytest

from pipeline.campaign import read_campaign
from pipeline.errors import SettingsError

RUN = """
out = "patrols"
grids = "cells.gpkg"
config = "settings.toml"
[[patrols]]
name = "monday"
photos = "photos/monday"
[[patrols]]
name = "tuesday"
photos = "/mnt/tuesday"
grids = "other.gpkg"
flight = "tuesday.tlog"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "settings.toml").write_text("[locating]\nadjust = false\n")
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_lie_beside_the_file_and_a_patrols_own_win(tmp_path):
    campaign = read_campaign(written(tmp_path, RUN))
    monday, tuesday = campaign.patrols
    assert campaign.out == tmp_path / "patrols"
    assert monday.inputs.photos == tmp_path / "photos/monday"
    assert monday.inputs.cells == tmp_path / "cells.gpkg"
    assert tuesday.inputs.photos == Path("/mnt/tuesday")
    assert tuesday.inputs.cells == tmp_path / "other.gpkg"
    assert tuesday.flight == tmp_path / "tuesday.tlog"
    assert not campaign.settings.locating.adjust


def test_a_patrol_may_have_none_of_what_the_others_share(tmp_path):
    run = RUN.replace('grids = "other.gpkg"', "grids = false\nzones = false")
    monday, tuesday = read_campaign(written(tmp_path, run)).patrols
    assert (tuesday.inputs.cells, tuesday.inputs.zones) == (None, None)
    assert monday.inputs.cells == tmp_path / "cells.gpkg"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('out = "x"\n', "patrols"),
        ("seconds_per_photo = 0\n" + RUN, "seconds_per_photo"),
        ("seconds_per_photo = inf\n" + RUN, "seconds_per_photo"),
        (RUN.replace("tuesday", "monday"), "monday occurs twice"),
        (RUN.replace('name = "monday"', 'name = "../monday"'), "patrols.0.name"),
        (
            RUN.replace('"other.gpkg"', "true"),
            r"toml: patrols.1.grids = true: give a path or URL, or false for none; left out [^;]*$",
        ),
        (
            RUN.replace('"cells.gpkg"', "false"),
            "toml: grids = false: give a path or URL, or leave it out; false is for single [^;]*$",
        ),
        (RUN.replace('"other.gpkg"', '""'), 'patrols.1.grids = "": give a path or URL, or false'),
        ("photos_per_task = 0\n" + RUN, "photos_per_task"),
        ("fotos = 1\n" + RUN, "fotos"),
        ("out = ", "is not TOML"),
    ],
)
def test_what_is_not_allowed_is_named(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said):
        read_campaign(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        read_campaign(tmp_path / "none.toml")

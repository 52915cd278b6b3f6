"""Settings come from one TOML file and are refused with the place of the mistake."""

import json
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Filing, Settings, read_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "aerogrid.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    assert read_settings(None) == Settings()


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "[planning]\nheight_agl_m = 80\n"))
    assert settings.planning.height_agl_m == 80
    assert settings.planning.ceiling_agl_m == 120
    assert settings.filing == Settings().filing


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[planning]\nheight_agl_m = -5\n", "planning.height_agl_m = -5"),
        ("[planning]\nheight_agl_m = 130\n", "toml: planning: height_agl_m 130 is above ceiling"),
        ("[planing]\n", "planing"),
        ("[planning]\nheight = 5\n", "planning.height"),
        ("[planning\n", "is not TOML"),
        ('[grids]\ncode_pattern = "("\n', "no regular expression"),
        ('[grids]\nencoding = "nonsense"\n', "no encoding of text"),
        ("[detecting]\nbatch_threads = 0\n", "detecting.batch_threads: there is no such key"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=r"aerogrid\.toml") as caught:
        read_settings(written(tmp_path, text))
    assert named in str(caught.value)


def test_a_misspelt_key_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="locatng: there is no such key"):
        read_settings(written(tmp_path, "[locatng]\nadjust = true\n"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: cannot be read"):
        read_settings(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[filing]\nregistry = 'postgresql://u:SECRET@h/db'\n",
        "[filing]\nregistry = 'postgresql://u@h/db?password=SECRET'\n",
        "[filing]\nregister = 'postgresql://u:SECRET@h/db'\n",
        "filing = 'postgresql://u:SECRET@h/db'\n",
    ],
)
def test_a_password_in_the_settings_is_refused_and_not_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(written(tmp_path, text))
    assert "SECRET" not in str(caught.value)


def test_a_registry_with_a_password_says_where_the_password_goes(tmp_path: Path) -> None:
    text = "[filing]\nregistry = 'postgresql://u:SECRET@h/db'\n"
    with pytest.raises(SettingsError, match=r"u:\*\*\*@h/db.*PGPASSWORD or in ~/\.pgpass"):
        read_settings(written(tmp_path, text))
    text = "[filing]\nregistry = 'postgresql://u@h/db'\n"
    assert read_settings(written(tmp_path, text)).filing.registry == "postgresql://u@h/db"


def test_each_section_is_one_that_analysing_depends_on_or_is_known_not_to_be():
    asked = json.loads(Settings().of_analysis())
    without = {"planning", "dispatching", "reviewing", "signing_in"}
    assert {*asked} | without == {*Settings.model_fields}
    assert {*asked["filing"]} == {*Filing.model_fields} - {"registry"}

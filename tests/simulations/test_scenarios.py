import pytest

from simulations.scenarios import (
    Expectation,
    Fault,
    Phase,
    ScenarioError,
    read_scenarios,
    shipped_scenarios,
)


def write(folder, text):
    path = folder / "scenarios.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_scenarios_are_those_that_were_asked_for():
    found = {scenario.name: scenario for scenario in shipped_scenarios()}
    assert list(found) == [
        "calm", "wind", "gusts", "worn battery", "GPS loss", "link loss", "high terrain",
    ]  # fmt: skip
    assert found["worn battery"].battery_share == 0.8
    assert (found["GPS loss"].fault, found["GPS loss"].at) == (Fault.GPS, Phase.ROW)
    assert found["link loss"].expects is Expectation.HOME


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "scenario: Field required"),
        ("[[scenario]]\nname = 'a'", "scenario.1.expects: Field required"),
        ("[[scenario]]\nname = 'a'\nexpects = 'luck'", "scenario.1.expects"),
        ("[[scenario]]\nname = 'a'\nexpects = 'home'\nwindy = 3", "scenario.1.windy: Extra"),
        ("[[scenario]]\nname = 'a'\nexpects = 'home'\nwind_m_s = 99", "less than or equal to 30"),
        ("[[scenario]]\nname = 'a'\nexpects = 'home'\nfault = 'link'", "needs for_s"),
        (
            "[[scenario]]\nname = 'a b'\nexpects = 'home'\n"
            "[[scenario]]\nname = 'A-B'\nexpects = 'home'",
            "file name 'a-b'",
        ),
        ("[[scenario", "is no TOML"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_where_and_why(text, said, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        read_scenarios(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_scenarios(tmp_path / "none.toml")

"""The examples for CI in docs/simulation.md: they fetch what they install, and tell what failed."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from simulations.gate_files import write_junit
from simulations.task import Unread

PAGE = Path(__file__).parents[1] / "docs" / "simulation.md"


@pytest.fixture(scope="module")
def examples():
    """GitHub's and GitLab's, as CI reads them."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    github, gitlab = (yaml.safe_load(block) for block in blocks)
    return github, gitlab


def lines_of(examples):
    github, gitlab = examples
    steps = github["jobs"]["simulate"]["steps"]
    return [step.get("run", step.get("uses")) for step in steps], gitlab["simulate"]["script"]


def test_what_is_installed_was_fetched_before(examples):
    github, gitlab = lines_of(examples)
    assert github[0].startswith("actions/checkout")
    fetched = [step for step in examples[0]["jobs"]["simulate"]["steps"] if "with" in step]
    assert fetched[0]["with"]["path"] == "aerogrid"
    assert gitlab[0].startswith("git clone")
    assert gitlab[0].endswith(" aerogrid")
    for lines in (github, gitlab):
        (at,) = [n for n, line in enumerate(lines) if line.startswith("pip install ./aerogrid")]
        verbs = [n for n, line in enumerate(lines) if line.startswith("aerogrid ")]
        assert len(verbs) == 2
        assert 0 < at < min(verbs)


def test_the_summary_of_the_github_example_names_what_failed(examples, tmp_path):
    github, _ = lines_of(examples)
    script = re.search(r"<<'EOS'\n(.*)\nEOS", github[-1], re.DOTALL)[1]
    junit = tmp_path / "out.xml"
    write_junit(junit, [], [Unread(Path("plans/a.plan"), "plans/a.plan: is damaged | here")])
    done = subprocess.run(
        [sys.executable, "-", junit],
        input=textwrap.dedent(script),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == (
        "| plans/a.plan | FAILED | read: plans/a.plan: is damaged / here |"
    )

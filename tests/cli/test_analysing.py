"""The verbs from photos to cases, as a person runs them."""

import csv
import gc
import json
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest.mock import ANY

import pytest
from fastapi.testclient import TestClient

from cases.accounts import Accounts
from cases.model import FilingResult, Findings
from cases.people import Area
from cases.registry import Registry
from cli import accounting, analysing, serving
from cli.analysing import _tell_filed, _tell_frames, _tell_unlocated
from geo.errors import AerogridError
from pipeline.errors import PipelineError
from pipeline.filing import Filed
from pipeline.inputs import Inputs, write_inputs
from pipeline.workspace import Workspace, read_json
from review import holdings
from review.server import Listening
from tests.pipeline.made_up import file_patrol, made_up_frames, make_patrol
from tests.pipeline.rendered import NOW, make_photos
from vision.model import Frame

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Inputs:
    return make_photos(tmp_path_factory.mktemp("data"))


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from cli.main import main; main()", *map(str, arguments)]


def aerogrid(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True)


def options(inputs: Inputs) -> list[object]:
    return ["--grids", inputs.cells, "--zones", inputs.zones, "--dem", inputs.dem]


def verb_on(verb: str, patrol: Path, inputs: Inputs) -> list[object]:
    if verb == "ingest":
        return [verb, inputs.photos, *options(inputs), "--out", patrol]
    return [verb, patrol]


@pytest.fixture(scope="module")
def analysed(inputs, tmp_path_factory) -> tuple[Path, dict]:
    patrol = tmp_path_factory.mktemp("cli") / "patrol"
    done = aerogrid("analyze", inputs.photos, *options(inputs), "--out", patrol, "--json")
    assert done.returncode == 0, done.stderr
    return patrol, json.loads(done.stdout)


def test_a_patrol_without_cases_shows_no_empty_table(capsys):
    _tell_filed(Filed(Findings((), ()), FilingResult()))
    told = capsys.readouterr().out
    assert "0 new, 0 known" in told
    assert "category" not in told


def test_of_a_patrol_that_is_filed_already_only_that_is_said(capsys):
    result = FilingResult(new=("20260615-0001",), already_filed=True)
    _tell_filed(Filed(Findings((), ()), result))
    said = " ".join(capsys.readouterr().out.split())
    assert said == (
        "nothing changed: this patrol is filed in the registry already, when its cases were 1 new, "
        "0 known, 0 gone; 0 observations not filed"
    )


def test_analyze_finds_the_boat_and_lists_the_bad_photo(analysed):
    _, told = analysed
    assert told["cases"]["fishing.boat"] == 1
    assert told["located_photos"] == 4
    assert list(told["remarks"]) == ["torn.jpg"]
    with (analysed[0] / "remarks.csv").open(encoding="utf-8-sig", newline="") as file:
        header, (photo, remark) = csv.reader(file)
    assert (header, photo) == (["photo", "remark"], "torn.jpg")
    assert remark.startswith("unreadable: ")


def test_analyze_again_changes_nothing(analysed, inputs):
    patrol, told = analysed
    before = (patrol / "report" / "cases.geojson").read_bytes()
    again = aerogrid("analyze", inputs.photos, *options(inputs), "--out", patrol, "--json")
    assert json.loads(again.stdout)["cases"] == told["cases"]
    assert (patrol / "report" / "cases.geojson").read_bytes() == before


def test_stage_by_stage_gives_the_same_observations(analysed, inputs, tmp_path):
    patrol, _ = analysed
    steps = [("ingest", inputs.photos, *options(inputs), "--out", tmp_path / "p")]
    steps += [(verb, tmp_path / "p") for verb in ("detect", "locate", "file", "report")]
    for step in steps:
        assert aerogrid(*step).returncode == 0
    for name in ("detections.json", "observations.gpkg"):
        assert (tmp_path / "p" / name).read_bytes() == (patrol / name).read_bytes()


def test_every_verb_again_leaves_all_products_as_they_were(analysed, inputs, tmp_path):
    patrol = Path(shutil.copytree(analysed[0], tmp_path / "patrol"))
    write_inputs(Workspace(patrol), inputs)

    def products() -> dict[Path, bytes]:
        files = (path for path in patrol.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files if "sqlite" not in path.name}

    whole = products()
    assert analysing.detect(patrol, None) == 0
    before = products()
    assert before == {**whole, patrol / "overlays" / "found.jpg": ANY}
    assert analysing.ingest(inputs, patrol, None, None, adjust=None) == 0
    for verb in (analysing.detect, analysing.locate, analysing.file, analysing.report):
        assert verb(patrol, None) == 0
    assert products() == before


def test_an_account_is_of_a_town_that_there_is(analysed, inputs, tmp_path):
    patrol = Path(shutil.copytree(analysed[0], tmp_path / "patrol"))
    write_inputs(Workspace(patrol), inputs)
    with Registry.open(patrol / "cases.sqlite") as registry:
        town = registry.cases()[0].place.town
    word = tmp_path / "word"
    word.write_text("reed boat lantern\n")

    def add(name: str, town: str) -> int:
        account = accounting.account_of(name, name, ["officer"], town, "")
        return accounting.add(patrol, account, word)

    assert add("chen", town) == 0
    with pytest.raises(AerogridError, match=f"no cell lies in Atlantis; towns .* {town}"):
        add("wang", "Atlantis")
    with Accounts.open(patrol / "cases.sqlite") as accounts:
        assert [(a.name, a.area) for a in accounts.all()] == [("chen", Area(town))]
    with pytest.raises(PipelineError, match="aerogrid file"):
        accounting.list_accounts(tmp_path / "nothing", as_json=False)


def test_audit_tells_an_intact_registry_from_a_changed_one(inputs, tmp_path):
    patrol = tmp_path / "patrol"
    aerogrid("analyze", inputs.photos, *options(inputs), "--out", patrol)
    with Registry.open(patrol / "cases.sqlite") as registry:
        case = registry.cases()[0]
        registry.decide(
            case.case_no, "confirm", actor="test", expected_version=case.version, now=NOW
        )
    assert aerogrid("audit", patrol).returncode == 0
    assert read_json(patrol / "filing.json")["head"]["entry"] > 0
    copy = tmp_path / "copy.sqlite"
    assert "intact" in aerogrid("backup", patrol, "--out", copy).stdout
    assert aerogrid("backup", patrol, "--out", copy).returncode == 1
    assert "before-1" in aerogrid("restore", copy, patrol).stderr
    assert aerogrid("audit", patrol).returncode == 0
    told = aerogrid("audit", patrol, "--head", "ab" * 32)
    assert (told.returncode, "BROKEN" in told.stdout) == (1, True)
    connection = sqlite3.connect(patrol / "cases.sqlite")
    with connection:
        connection.execute("UPDATE cases SET score = 0.01")
    connection.close()
    told = aerogrid("audit", patrol)
    assert told.returncode == 1
    assert "BROKEN" in told.stdout


def test_a_page_that_is_served_does_not_look_through_what_was_loaded_for_garbage(
    analysed, monkeypatch
):
    frozen = []
    monkeypatch.setattr(
        serving, "run_server", lambda app, where, ready: frozen.append(gc.get_freeze_count())
    )
    try:
        assert serving.serve([analysed[0]], Listening(port=0), (), None, (), None, None) == 0
    finally:
        gc.unfreeze()
    assert frozen[0] > 100_000


def test_a_patrol_that_is_filed_while_its_folder_is_served_is_shown(tmp_path, monkeypatch):
    (tmp_path / "week").mkdir()
    first = make_patrol(tmp_path / "first", made_up_frames(0, 2), tmp_path / "photos")
    file_patrol(first, tmp_path / "cases.sqlite")
    monkeypatch.setattr(holdings, "LOOK_AGAIN_S", 0.0)
    counted = []

    def ask(app, where, ready) -> None:
        with TestClient(app, base_url="http://127.0.0.1:8765") as client:
            later = make_patrol(tmp_path / "week" / "later", made_up_frames(1, 3), tmp_path / "x")
            file_patrol(later, tmp_path / "cases.sqlite")
            for _ in range(2):
                counted.append(client.get("/api/health").json()["photos"])
                client.get("/api/photos/flight-1/DJI_0002.jpg")

    monkeypatch.setattr(serving, "run_server", ask)
    named = [first.root, tmp_path / "week"]
    try:
        assert serving.serve(named, Listening(port=0), (), None, (), None, None) == 0
    finally:
        gc.unfreeze()
    assert counted == [2, 5]


def test_verbs_after_a_filing_by_other_settings_find_its_registry(analysed, inputs, tmp_path):
    patrol = Path(shutil.copytree(analysed[0], tmp_path / "patrol"))
    write_inputs(Workspace(patrol), inputs)
    before = analysed[0] / "cases.sqlite"
    config = tmp_path / "district.toml"
    config.write_text('[filing]\nregistry = "district.sqlite"\n')
    assert analysing.file(patrol, config) == 0
    assert (patrol / "cases.sqlite").read_bytes() == before.read_bytes()
    (patrol / "cases.sqlite").unlink()
    assert serving.audit([patrol], []) == 0
    assert analysing.report(patrol, None) == 0
    assert not (patrol / "cases.sqlite").exists()


def test_filing_again_without_settings_stays_in_the_registry(analysed, inputs, tmp_path, capsys):
    patrol = Path(shutil.copytree(analysed[0], tmp_path / "patrol"))
    write_inputs(Workspace(patrol), inputs)
    (tmp_path / "district.toml").write_text('[filing]\nregistry = "district.sqlite"\n')
    assert analysing.file(patrol, tmp_path / "district.toml") == 0
    assert "was filed into" in capsys.readouterr().err
    filed, own = (patrol / "filing.json").read_bytes(), (patrol / "cases.sqlite").read_bytes()
    assert analysing.file(patrol, None) == 0
    assert "as before" in " ".join(capsys.readouterr().err.split())
    assert (patrol / "filing.json").read_bytes() == filed
    assert (patrol / "cases.sqlite").read_bytes() == own


def test_a_damaged_filing_is_mended_by_filing_again(analysed, inputs, tmp_path):
    patrol = Path(shutil.copytree(analysed[0], tmp_path / "patrol"))
    write_inputs(Workspace(patrol), inputs)
    (patrol / "filing.json").write_text("{}")
    assert analysing.file(patrol, None) == 0
    assert (patrol / "filing.json").read_bytes() == (analysed[0] / "filing.json").read_bytes()


def test_photos_with_the_same_kinds_of_remark_share_a_line(capsys):
    def photo(name, *reasons):
        return Frame(name, f"{name}.jpg", "", 9, 9, None, None, None, None, reasons)

    fine = [photo(f"p{n}", f"fine: 2.{n} cm") for n in range(9)]
    poseless = [photo(f"q{n}", "no pose: x", "no camera: y") for n in range(5)]
    torn = [photo("b", "unreadable: cut short"), photo("c", "unreadable: no picture")]
    _tell_frames(
        [*fine, *poseless, *torn, photo("t", "fine: 2 cm", "blurred: x"), photo("g")],
        Path("remarks.csv"),
    )
    told = " ".join(capsys.readouterr().out.split())
    assert "p0.jpg, p1.jpg, p2.jpg and 6 more" in told
    assert "p3.jpg" not in told
    assert "fine: 2.0 to 2.8 cm" in told
    assert "remarks on each photo: remarks.csv" in told
    assert "q2.jpg and 2 more" in told
    assert all(words in told for words in ("t.jpg", "b.jpg", "c.jpg", "cut short", "no picture"))
    assert "18 photos, 0 with a pose, 17 with remarks" in told


def test_detections_without_a_place_share_a_line_that_names_dem_and_photos(capsys):
    beyond = [(f"p{n}", f"{n} of 9 corners look beyond dem.tif") for n in range(1, 6)]
    _tell_unlocated([*beyond, ("p1", "4 of 9 corners look beyond dem.tif")])
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("note:") == 1
    assert "6 detections have no place on the ground: 1 to 5 of 9 corners" in told
    assert "beyond dem.tif (in p1, p2, p3 and 2 more)" in told


def test_serve_says_what_to_do_first_in_the_words_of_the_readme(analysed, tmp_path):
    told = aerogrid("serve", tmp_path, "--port", "0")
    assert told.returncode == 1
    assert "aerogrid analyze" in told.stderr
    half = Path(shutil.copytree(analysed[0], tmp_path / "half"))
    (half / "filing.json").unlink()
    told = aerogrid("serve", half, "--port", "0")
    assert told.returncode == 1
    assert "not filed yet" in " ".join(told.stderr.split())


def test_analyze_refuses_a_folder_with_other_files(inputs, tmp_path):
    (tmp_path / "thesis.docx").touch()
    told = aerogrid("analyze", inputs.photos, *options(inputs), "--out", tmp_path, "--json")
    assert told.returncode == 1
    assert "thesis.docx" in told.stderr
    assert told.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def content(path: Path) -> object:
    """Bytes of a product; a filing names the head of a history, which holds times."""
    if path.name != "filing.json":
        return path.read_bytes()
    return {**json.loads(path.read_text("utf-8")), "head": None}


INTERRUPTED = """
import os, signal, sys
from importlib import import_module
from cli.main import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts without it
owner, name = import_module(sys.argv[1]), sys.argv[2]
real = getattr(owner, name)

def pressed(*arguments, **named):
    os.kill(os.getpid(), signal.SIGINT)
    return real(*arguments, **named)

setattr(owner, name, pressed)
sys.argv = ["aerogrid", *sys.argv[3:]]
main()
"""


@pytest.mark.parametrize(
    ("verb", "module", "function", "product"),
    [
        ("ingest", "pipeline.analysis", "write_frames", "frames.parquet"),
        ("detect", "pipeline.analysis", "write_coco", "detections.json"),  # all in the ledger
        ("locate", "pipeline.analysis", "write_observations", "observations.gpkg"),
        ("file", "pipeline.filing", "write_filing", "filing.json"),  # the registry has them
        ("report", "pipeline.reporting", "write_bulletin", "report/cases.geojson"),
    ],
)
def test_ctrl_c_ends_a_stage_with_130_and_the_next_run_goes_on(
    analysed, inputs, tmp_path, verb, module, function, product
):
    whole, _ = analysed
    patrol = shutil.copytree(whole, tmp_path / "patrol")
    for path in [patrol / product, *(patrol.glob("cases.sqlite*") if verb == "file" else ())]:
        path.unlink()
    arguments = verb_on(verb, patrol, inputs)
    stopped = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module, function, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert stopped.returncode == 130, stopped.stderr
    assert "Every file that is there is whole" in stopped.stderr
    assert not (patrol / product).exists()
    assert not list(patrol.rglob(".writing-*"))
    assert aerogrid(*arguments).returncode == 0
    assert not (patrol / "detections.part.jsonl").exists()
    assert content(patrol / product) == content(whole / product)
    with Registry.open(patrol / "cases.sqlite") as registry:
        assert len(registry.cases()) == len(json.loads((whole / "filing.json").read_text())["new"])


@pytest.mark.parametrize("verb", ["ingest", "detect", "locate", "file", "report"])
def test_full_disk_stops_a_stage_and_leaves_what_was_there(analysed, inputs, tmp_path, verb):
    patrol = shutil.copytree(analysed[0], tmp_path / "patrol")
    if verb == "file":
        (patrol / "cases.sqlite").unlink()
    before = {path: path.read_bytes() for path in patrol.rglob("*") if path.is_file()}
    stopped = subprocess.run(
        command(*verb_on(verb, patrol, inputs)), cwd=ROOT, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60)),
    )  # fmt: skip
    assert stopped.returncode == 1, stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert re.search(r"error: (case registry )?\S*patrol/\S+: ", stopped.stderr.replace("\n", ""))
    after = {path: path.read_bytes() for path in patrol.rglob("*") if path.is_file()}
    assert {path: after.get(path) for path in before} == before


def test_patrol_inside_the_photo_folder_is_refused(inputs):
    told = aerogrid("analyze", inputs.photos, "--out", inputs.photos / "patrol")
    assert told.returncode == 1
    assert "lies inside the photo folder" in " ".join(told.stderr.split())
    assert not (inputs.photos / "patrol").exists()


def test_patrols_of_two_registries_are_not_served_together(analysed, tmp_path):
    patrol = analysed[0]
    other = shutil.copytree(patrol, tmp_path / "other")
    told = aerogrid("serve", patrol, other, "--port", 0)
    assert told.returncode == 1
    assert "in another registry" in " ".join(told.stderr.split())

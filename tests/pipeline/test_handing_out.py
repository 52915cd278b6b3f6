"""A case's page proves itself without the registry; decisions teach as COCO."""

import base64
import json
import re
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from cases.chain import sha256_of
from cases.errors import CaseError
from cases.registry import Registry
from cases.sheet import problems_of
from cli.main import main
from pipeline.errors import PipelineError
from pipeline.handing_out import write_reviewed, write_sheet
from pipeline.workspace import Workspace, read_json, write_json
from tests.pipeline.test_reporting import BUILDING, SMOKE, patrol

__all__ = ["patrol"]
NOW = datetime(2026, 6, 12, 1, 0, tzinfo=UTC)


@pytest.fixture
def decided(patrol: Workspace) -> Workspace:
    """The building confirmed, the smoke rejected."""
    with Registry.open(patrol.registry) as registry:
        for case_no, action in ((BUILDING, "confirm"), (SMOKE, "reject")):
            registry.decide(
                case_no, action, actor="Chen <Jing>", reason="harmless", expected_version=1, now=NOW
            )
    return patrol


@pytest.fixture
def page(decided: Workspace, tmp_path: Path) -> str:
    out = tmp_path / "case.html"
    assert write_sheet([decided.root], BUILDING, out, now=NOW) == 2
    decided.registry.unlink()  # nothing but the page is needed from here on
    return out.read_text(encoding="utf-8")


def test_a_page_proves_itself_without_the_registry(page: str):
    assert problems_of(page) == []
    assert "确认立案" in page
    assert "Chen &lt;Jing&gt;" in page


def data_of(page: str) -> dict:
    return json.loads(re.search(r'id="sheet">(.*?)</script>', page, re.S)[1])


def with_data(page: str, change: Callable[[dict], object]) -> str:
    data = data_of(page)
    change(data)
    text = json.dumps(data, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
    start, end = page.index('id="sheet">') + len('id="sheet">'), page.rindex("</script>")
    return page[:start] + text + page[end:]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d["case"].update(stage="closed"), "is not what its last entry left"),
        (lambda d: d["events"][1].update(actor="nobody"), "entry 4 (confirm) was changed"),
        (lambda d: d["events"].pop(), "entries of the case are missing"),
        (lambda d: d["evidence"].pop(), "evidence is not what was filed with version 1"),
        (lambda d: d["evidence"][0].__setitem__(3, "0" * 64), "evidence is not what was filed"),
        (lambda d: d.update(exported_at="2020"), "the page does not say what its data say"),
    ],
)
def test_a_changed_page_is_found(page: str, change: Callable[[dict], object], problem: str):
    problems = problems_of(with_data(page, change))
    assert any(problem in found for found in problems), problems


def test_changed_text_and_pictures_are_found(page: str):
    assert problems_of(page.replace("± 1.50 m", "± 0.50 m"))
    sha256, content = re.search(r'<image id="p-(\w+)".*?base64,([^"]+)"', page).groups()
    other = base64.b64encode(base64.b64decode(content) + b"x").decode()
    assert f"photo {sha256[:12]}... is not the file that was judged" in problems_of(
        page.replace(content, other)
    )


def test_an_entry_that_was_forged_with_its_hash_does_not_fit_the_others(page: str):
    def forge(data: dict) -> None:
        data["case"]["score"] = 0.1
        data["events"][-1]["details"]["state"] = sha256_of(data["case"])

    assert "entry 4 (confirm) was changed" in problems_of(with_data(page, forge))


def test_another_file_is_no_sheet():
    with pytest.raises(CaseError, match="no case sheet"):
        problems_of("<html></html>")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["aerogrid", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_the_verbs_write_and_prove_a_page(decided: Workspace, tmp_path: Path, monkeypatch, capsys):
    out = tmp_path / "case.html"
    root = decided.root
    assert run(monkeypatch, "export", root, "--case", BUILDING, "--out", out) == 0
    assert run(monkeypatch, "audit", root, "--sheet", out) == 0  # its entries are the registry's
    assert run(monkeypatch, "audit", "--sheet", out) == 0
    assert "intact" in capsys.readouterr().out
    out.write_text(out.read_text(encoding="utf-8").replace("± 1.50", "± 0.10"), encoding="utf-8")
    assert run(monkeypatch, "audit", "--sheet", out) == 1
    assert run(monkeypatch, "audit") == 2
    assert run(monkeypatch, "export", root, "--out", out) == 2


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_page_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, monkeypatch, capsys, content: bytes | None
):
    page = tmp_path / "page.html"
    if content is not None:
        page.write_bytes(content)
    assert run(monkeypatch, "audit", "--sheet", page) == 1
    told = capsys.readouterr().err
    assert "page.html" in told
    assert "Traceback" not in told


def test_a_damaged_filing_is_refused_by_name(decided: Workspace, tmp_path: Path):
    other = Workspace(shutil.copytree(decided.root, tmp_path / "other"))
    write_json(other.filing, {**read_json(other.filing), "patrol_id": ""})
    with pytest.raises(PipelineError, match=r"filing\.json: is not what"):
        write_reviewed([decided.root, other.root], tmp_path / "reviewed.json")
    assert not (tmp_path / "reviewed.json").exists()


def test_a_photo_that_changed_is_named_and_not_shown(decided: Workspace, tmp_path: Path):
    (decided.photos / "a.jpg").write_bytes(b"another picture")
    out = tmp_path / "case.html"
    assert write_sheet([decided.root], BUILDING, out, now=NOW) == 1
    page = out.read_text(encoding="utf-8")
    assert "The photo is not on this page" in page
    assert problems_of(page) == []


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools with numpy 2
def test_decisions_are_read_by_coco_and_rejected_ones_stand_apart(
    decided: Workspace, tmp_path: Path
):
    out = tmp_path / "reviewed.json"
    assert write_reviewed([decided.root], out) == (2, 1)
    told = json.loads(out.read_text(encoding="utf-8"))
    coco = COCO(str(out))
    assert {coco.imgs[a["image_id"]]["photo_id"] for a in coco.anns.values()} == {"a", "b"}
    first = coco.anns[1]
    assert coco.cats[first["category_id"]]["name"] == "building"
    assert abs(coco.annToMask(first).sum() - first["area"]) < 0.05 * first["area"]
    [rejected] = told["rejected_annotations"]
    assert (rejected["case_no"], rejected["reason"]) == (SMOKE, "harmless")

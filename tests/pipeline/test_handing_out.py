"""A case's page proves itself without the registry; decisions teach as COCO."""

import base64
import hashlib
import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from PIL import ExifTags, Image
from pycocotools.coco import COCO

from cases.chain import sha256_of
from cases.errors import CaseError
from cases.registry import Registry
from cases.sheet import _page, _photos_in, problems_of
from cli.main import main
from pipeline.errors import PipelineError
from pipeline.handing_out import write_reviewed, write_sheet
from pipeline.workspace import Workspace, read_json, write_json
from tests.pipeline.test_reporting import BUILDING, SMOKE, file_patrol, patrol
from tests.review.conftest import make_photo

__all__ = ["patrol"]
NOW = datetime(2026, 6, 12, 1, 0, tzinfo=UTC)
SHEET_2 = Path(__file__).parent / "data" / "sheet-2.html"
"""The page of the fixture, without its photos, as commit 41c75de wrote it."""


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


def test_a_page_is_headed_in_words_and_tells_times_to_the_second(page: str):
    heading, history = page[page.index("<h1>") :], page[page.index("<h2>History") :]
    assert heading.startswith(f"<h1>{BUILDING}: building / 建筑物</h1>")
    times = re.findall(r"<td>(2026-[^<]*)</td>", history)
    assert times
    assert all(re.fullmatch(r"2026-\d\d-\d\d \d\d:\d\d:\d\d UTC", time) for time in times)


def test_a_page_of_the_format_of_before_still_proves_itself():
    page = SHEET_2.read_text(encoding="utf-8")
    assert problems_of(page) == []
    assert problems_of(page.replace("case sheet 2", "case sheet 3"))
    assert "entry 4 (confirm) was changed" in problems_of(
        with_data(page, lambda data: data["events"][1].update(actor="nobody"))
    )


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
        (
            lambda d: d["told"].update(exported_at="2020-01-01T00:00:00+00:00"),
            "does not say what its data say",
        ),
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


def leaves(value: object, path: tuple = ()) -> Iterator[tuple]:
    """Path of everything in JSON that holds nothing more."""
    if isinstance(value, dict | list) and value:
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from leaves(value[key], (*path, key))
    else:
        yield path


def altered(value: object) -> object:
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return f"2025{value[4:]}"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return not value
    return value + ("0" if isinstance(value, str) else 1)


def forged(page: str, change: Callable[[dict], object]) -> str:
    """Make the page of changed data as the program would, where it can."""
    data = data_of(page)
    change(data)
    try:
        return _page(data, _photos_in(page))
    except (ValueError, KeyError, TypeError, IndexError, shapely.errors.GEOSException):
        return with_data(page, change)


def is_refused(page: str) -> bool:
    try:
        return problems_of(page) != []
    except CaseError:
        return True


def at(data: dict, path: tuple) -> Any:
    for key in path:
        data = data[key]
    return data


def test_everything_that_the_page_says_is_proven_but_what_it_calls_unproven(page: str):
    assert not is_refused(forged(page, lambda data: None))
    paths = list(leaves(data_of(page)))
    assert len(paths) > 100
    passed = set()
    for path in paths:

        def alter(data: dict, path: tuple = path) -> None:
            at(data, path[:-1])[path[-1]] = altered(at(data, path))

        if not is_refused(forged(page, alter)):
            passed.add(path[:2])
    assert passed == {("told", name) for name in ("category", "department", "exported_at")}
    told = page[page.index("Not proven") : page.index("<h2>History")]
    assert all(text in told for text in ("Unpermitted building", "2026-06-12 01:00:00 UTC"))
    assert page.count("Unpermitted building") == 2  # there and in the data


def test_nothing_is_added_or_said_twice(page: str):
    for change in (
        lambda d: d.update(note="x"),
        lambda d: d["case"].update(note="x"),
        lambda d: d["events"][0].update(note="x"),
        lambda d: d["evidence"].append(d["evidence"][0]),
        lambda d: d["events"].append(d["events"][-1]),
        lambda d: d["events"][0].update(at=d["events"][0]["at"].replace("+00:00", "Z")),
    ):
        assert is_refused(forged(page, change))


@pytest.mark.parametrize("name", ["width", "height"])
def test_a_picture_is_as_large_as_its_bytes_say(page: str, name: str):
    size = re.search(rf'<image [^>]*{name}="(\d+)"', page)[1]
    half = page.replace(f'{name}="{size}"', f'{name}="{int(size) // 2}"')
    assert is_refused(half)
    assert is_refused(half.replace(f" {size}", f" {int(size) // 2}"))
    assert not is_refused(_page(data_of(half), _photos_in(page)))


@pytest.mark.parametrize(
    ("turn", "size"), [(1, "40 30"), (3, "40 30"), (6, "30 40"), (99, "40 30")]
)
def test_a_photo_is_as_large_as_its_tags_turn_it(page: str, turn: int, size: str):
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = turn
    file = io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "JPEG", exif=tags)
    sha256 = next(iter(_photos_in(page)))
    assert f'<svg viewBox="0 0 {size}">' in _page(data_of(page), {sha256: file.getvalue()})


def test_a_case_of_an_orthophoto_is_exported_with_its_name(tmp_path: Path):
    workspace = Workspace(tmp_path / "patrol")
    drawn, photo = (make_photo(workspace.photos, name, 1) for name in "ab")
    with Image.open(workspace.photos / drawn.path) as picture:
        picture.save(workspace.photos / "a.tif")
    sha256 = hashlib.sha256((workspace.photos / "a.tif").read_bytes()).hexdigest()
    file_patrol(workspace, [replace(drawn, path="a.tif", sha256=sha256), photo])
    out = tmp_path / "case.html"
    assert write_sheet([workspace.root], BUILDING, out, now=NOW) == 1
    page = out.read_text(encoding="utf-8")
    assert problems_of(page) == []
    assert page.count("The photo is not on this page") == 1
    assert sha256 in page


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


@pytest.mark.parametrize("there", [True, False])
def test_asking_for_a_case_makes_no_registry(tmp_path: Path, there: bool):
    folder = tmp_path / "none"
    if there:
        folder.mkdir()
    with pytest.raises(PipelineError, match="is not there yet"):
        write_sheet([folder], "1", tmp_path / "case.html", now=NOW)
    assert list(tmp_path.iterdir()) == ([folder] if there else [])
    assert not there or not list(folder.iterdir())

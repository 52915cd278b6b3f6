import dataclasses
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.aims import Apart, Teaching
from vision.classes import class_index
from vision.crops import View, cut, draw_batch, repaint
from vision.datasets import (
    Picture,
    Run,
    Source,
    SourceData,
    TrainingError,
    list_files,
    read_run,
    split_of,
)
from vision.label_marks import IGNORE
from vision.loading import load_source
from vision.model import CoarseLook, MirrorLook

WHOLE = """
name = "n"
version = "1"
steps = 1
[[sources]]
name = "s"
images = "i"
known = ["boat"]
"""
RUNS = sorted((Path(__file__).parents[2] / "vision" / "models").glob("run_*.toml"))


def source(**changes):
    plain = {
        "name": "ponds",
        "images": "{split}/images",
        "masks": "{split}/masks",
        "known": ("boat", "smoke"),
        "values": {1: ("boat",), 2: ("smoke",)},
    }
    return Source(**{**plain, **changes})


def write_picture(root, name, *, split="train", mask=None, shape=(48, 64)):
    for folder in ("images", "masks"):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
    mask = np.zeros(shape, np.uint8) if mask is None else mask
    rgb = np.stack([mask * 100] * 3, axis=-1)
    cv2.imwrite(str(root / split / "images" / f"{name}.png"), rgb)
    cv2.imwrite(str(root / split / "masks" / f"{name}.png"), mask)


@pytest.fixture
def folder(tmp_path):
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 30:40] = 1
    write_picture(tmp_path, "b", mask=mask)
    write_picture(tmp_path, "a")
    return tmp_path


def run_of(*sources, **changes):
    return Run("test", "0", sources, **{"steps": 1, "crop_px": 32, "batch": 4, **changes})


def looked_up(tables, batch, name):
    """What the batch's tables say of a class at each pixel (N, rows, columns)."""
    crops = np.arange(len(tables))[:, None, None]
    return tables[crops, batch.mask, class_index(name)]


def test_files_come_in_the_order_of_their_names(folder):
    assert [p.name for p in list_files(source(), folder, "train")] == ["a.png", "b.png"]


def test_excluded_names_are_never_listed(folder):
    files = list_files(source(exclude=("b.",)), folder, "train")
    assert [p.name for p in files] == ["a.png"]


def test_pictures_with_emphasis_are_drawn_oftener():
    dark, light = (
        Picture(name, np.full((64, 64, 3), level, np.uint8), np.zeros((64, 64), np.uint8), {})
        for name, level in (("kampala_1", 20), ("zanzibar_1", 220))
    )
    shares = []
    for emphasis in ({}, {"kampala": 9.0}):
        data = SourceData(source(emphasis=emphasis), (dark, light))
        crops = [draw_batch([data], run_of(data.source), step).rgb for step in range(60)]
        shares.append(np.mean(np.concatenate(crops).mean(axis=(1, 2, 3)) < 110))
    assert shares[0] == pytest.approx(0.5, abs=0.12)
    assert shares[1] == pytest.approx(0.9, abs=0.08)


def test_emphasis_on_a_name_that_no_picture_has_is_refused(folder):
    load_source(source(emphasis={"a.": 2.0}), folder, "train").check_emphasis()
    data = load_source(source(emphasis={"Kampala": 2.0}), folder, "train")
    with pytest.raises(TrainingError, match="emphasis names 'Kampala', which is in the name of"):
        data.check_emphasis()


def test_emphasis_that_would_draw_nothing_is_refused():
    with pytest.raises(ValueError, match=r"emphasis 0 on 'kampala' is not above 0"):
        source(emphasis={"kampala": 0})


def test_manifest_decides_the_split(folder):
    (folder / "list.csv").write_text(
        "file,split\ntrain/images/a.png,val\ntrain/images/b.png,train\n"
    )
    entry = source(images="train/images", manifest="list.csv")
    assert [p.name for p in list_files(entry, folder, "val")] == ["a.png"]


def test_absent_folder_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"Source ponds: folder .*train/images does not exist"):
        list_files(source(), tmp_path, "train")


def test_mask_of_another_size_is_listed_and_the_others_are_read(folder):
    cv2.imwrite(str(folder / "train" / "masks" / "a.png"), np.zeros((5, 6), np.uint8))
    data = load_source(source(), folder, "train")
    assert [picture.name for picture in data.pictures] == ["b.png"]
    (problem,) = data.problems
    assert re.search(r"a\.png.*5 rows and 6 columns; its picture has 48 and 64", str(problem))


def test_broken_picture_is_listed_and_the_others_are_read(folder):
    (folder / "train" / "images" / "a.png").write_bytes(b"not a picture")
    data = load_source(source(), folder, "train")
    assert [picture.name for picture in data.pictures] == ["b.png"]
    assert re.search(r"a\.png, picture: .*no picture that can be read", str(data.problems[0]))


def test_mask_values_that_say_nothing_are_listed_and_unknown(folder):
    path = folder / "train" / "masks" / "b.png"
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    mask[0, 0] = 77
    cv2.imwrite(str(path), mask)
    data = load_source(source(), folder, "train")
    assert "values [77]" in str(data.problems[0])
    assert data.pictures[1].mask[0, 0] == IGNORE


def test_a_source_of_which_nothing_can_be_used_is_refused_with_the_first_problem(folder):
    for name in ("a", "b"):
        (folder / "train" / "masks" / f"{name}.png").unlink()
    with pytest.raises(TrainingError, match=r"First problem: .*a\.png, mask: missing"):
        load_source(source(), folder, "train")


def test_without_manifest_and_split_folders_one_picture_in_five_is_held_back():
    names = [f"p{n}.jpg" for n in range(400)]
    held_back = sum(split_of(name) == "val" for name in names)
    assert 55 < held_back < 110


def test_source_that_marks_an_unlisted_class_is_refused():
    with pytest.raises(ValueError, match="'flame'"):
        source(values={1: ("flame",)})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"drawn_fires": 1.5}, "drawn_fires 1.5 is not 0 to 1"),
        ({"drawn_vehicles": -0.1}, "drawn_vehicles -0.1 is not 0 to 1"),
        ({"drawn_ground": 2.0}, "drawn_ground 2.0 is not 0 to 1"),
        ({"drawn_fires": 0.5, "values": {251: ("boat",)}}, r"\[251\] are kept for drawn fires"),
    ],
)
def test_fires_that_cannot_be_drawn_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        source(**changes)


def test_unknown_classes_and_ignored_pixels_have_no_weight():
    weights = source().weight_table()
    assert weights[:, class_index("building")].max() == 0
    assert weights[IGNORE].max() == 0
    assert weights[0, class_index("boat")] == 1


def test_what_may_hide_under_smoke_has_no_weight_there():
    weights = source(hidden={2: ("boat",)}).weight_table()
    assert weights[2, class_index("boat")] == 0
    assert weights[2, class_index("smoke")] == 1


def test_same_step_draws_the_same_crops(folder):
    data = [load_source(source(), folder, "train")]
    run = run_of(source())
    one, two = draw_batch(data, run, 5), draw_batch(data, run, 5)
    np.testing.assert_array_equal(one.rgb, two.rgb)
    assert not np.array_equal(one.rgb, draw_batch(data, run, 6).rgb)


def test_crops_keep_targets_on_their_object(folder):
    data = [load_source(source(), folder, "train")]
    for step in range(10):
        batch = draw_batch(data, run_of(source()), step)
        known = looked_up(batch.weight, batch, "boat") > 0
        boat = known & (looked_up(batch.target, batch, "boat") > 0)
        if boat.sum() > 60 and (known & ~boat).sum() > 60:
            grey = batch.rgb.mean(axis=-1)
            assert grey[boat].mean() > grey[known & ~boat].mean() + 30


@pytest.mark.parametrize(("share", "drawn"), [(0.0, 0), (1.0, 4)])
@pytest.mark.parametrize("kind", ["vehicles", "ground"])
def test_what_is_drawn_has_the_scale_of_the_crop(folder, monkeypatch, kind, share, drawn):
    """A picture of 0.05 m a pixel, shown at half its size, has 0.1 m a pixel."""
    said = []
    monkeypatch.setattr("vision.crops._draw_scale", lambda *_: 0.5)
    monkeypatch.setattr(
        f"vision.crops.draw_{kind}", lambda rgb, taken, gsd_m, rng, **_: said.append(gsd_m) or rgb
    )
    street = source(**{f"drawn_{kind}": share}, gsd_m=0.05)
    draw_batch([load_source(street, folder, "train")], run_of(street), 1)
    assert said == pytest.approx([0.1] * drawn)


def test_ground_takes_its_colour_from_what_is_marked_and_spares_what_is_unsure_too(
    folder, monkeypatch
):
    said = []

    def draw(rgb, taken, gsd_m, rng, *, is_marked):
        said.append((taken, is_marked))
        return rgb

    monkeypatch.setattr("vision.crops.draw_ground", draw)
    street = source(drawn_ground=1.0)
    data = [load_source(street, folder, "train")]
    for step in range(10):
        draw_batch(data, run_of(street), step)  # crops reach beyond the small pictures: unsure
    assert not any((marked & ~taken).any() for taken, marked in said)
    assert any((taken & ~marked).any() for taken, marked in said)
    assert any(marked.any() for _, marked in said)


def test_every_source_gets_its_share_of_a_batch(folder):
    quiet = source(name="quiet", masks=None, values={}, known=("smoke",), share=1)
    data = [load_source(entry, folder, "train") for entry in (source(share=3), quiet)]
    for step in range(5):
        weight = draw_batch(data, run_of(source()), step).weight[..., class_index("boat")]
        assert (weight.max(axis=1) > 0).sum() == 3


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.3, 3), st.floats(-45, 45), st.floats(-20, 80), st.floats(-20, 80),
    st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)),
)  # fmt: skip
def test_cut_shows_the_mask_where_it_shows_the_picture(scale, angle_deg, row, column, tilt):
    rows, columns = np.mgrid[:60, :50]
    mask = (((rows - 30) ** 2 + (columns - 20) ** 2) < 150).astype(np.uint8)
    rgb = np.repeat(mask[..., None] * np.uint8(200), 3, axis=-1)
    crop, labels = cut(Picture("p", rgb, mask, {}), View((row, column), scale, angle_deg, tilt), 32)
    inside = labels != IGNORE
    disagree = ((crop[..., 0] > 100) != (labels == 1)) & inside
    nearer = scale / (1 - abs(tilt[0]) - abs(tilt[1])) ** 2
    edge = 2 * math.pi * math.sqrt(150 / math.pi) * nearer + 16
    assert disagree.sum() <= edge


def test_enlarging_keeps_an_object_s_area(folder):
    data = load_source(source(), folder, "train")
    picture = data.pictures[1]
    _, labels = cut(picture, View((15, 35), scale=2.0), 64)
    assert (labels == 1).sum() == pytest.approx(4 * 100, abs=45)


def test_tilting_makes_the_nearer_side_larger():
    mask = np.zeros((120, 120), np.uint8)
    mask[50:70, 20:40] = mask[50:70, 80:100] = 1
    picture = Picture("p", np.zeros((120, 120, 3), np.uint8), mask, {})
    _, labels = cut(picture, View((60, 60), tilt=(0.3, 0.0)), 120)
    assert (labels[:, 60:] == 1).sum() > 1.5 * (labels[:, :60] == 1).sum() > 0


def test_repainting_leaves_the_ground_as_it_is():
    rgb = np.full((40, 40, 3), 120, np.uint8)
    things = np.zeros((40, 40), bool)
    things[10:20, 10:20] = True
    painted = repaint(rgb, things, np.random.default_rng(3)).astype(int)
    assert np.abs(painted[30:] - 120).max() == 0
    assert np.abs(painted[12:18, 12:18] - 120).max() > 10


def test_repainted_things_are_plain_or_stained():
    """A light and colour of its own leaves an even roof nearly even; stains do not."""
    rgb = np.full((200, 200, 3), 120, np.uint8)
    things = np.ones((200, 200), bool)
    spreads = [repaint(rgb, things, np.random.default_rng(seed)).std(axis=(0, 1)).max()
               for seed in range(30)]  # fmt: skip
    assert 0.25 < np.mean(np.array(spreads) > 3) < 0.75


def test_run_file_tells_what_is_kept_and_drawn_oftener(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'name = "n"\nversion = "1"\nsteps = 3\nkeeps_normalisations = true\n'
        '[teaching]\nmodels = ["t.pt"]\ntrust = { building = 0.3 }\n'
        '[[sources]]\nname = "s"\nimages = "i"\nknown = ["boat"]\nemphasis = { kampala = 11 }\n'
    )
    run = read_run(path)
    assert run.keeps_normalisations
    assert run.teaching == Teaching(("t.pt",), trust={"building": 0.3})
    assert run.sources[0].emphasis == {"kampala": 11}


def test_run_file_is_read_with_its_sources(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'name = "n"\nversion = "1"\nsteps = 3\n[[sources]]\nname = "s"\nimages = "i"\n'
        'masks = "m"\nknown = ["boat"]\nvalues = { 1 = ["boat"] }\n'
    )
    run = read_run(path)
    assert run.steps == 3
    assert not run.keeps_normalisations
    assert run.sources[0].emphasis == {}
    assert run.coarse is None
    assert run.sources[0].values == {1: ("boat",)}


def test_run_file_says_what_is_looked_at_twice(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(WHOLE.replace("[[", '[coarse]\nscale = 0.5\nclasses = ["boat"]\n[[', 1))
    assert read_run(path).coarse == CoarseLook(0.5, ("boat",))


def test_run_file_says_what_is_looked_at_in_the_mirror(tmp_path):
    path = tmp_path / "run.toml"
    look = '[mirrored]\nclasses = ["flame"]\nabove = 0.1\n[['
    path.write_text(WHOLE.replace("[[", look, 1))
    assert read_run(path).mirrored == MirrorLook(0.1, ("flame",))


def test_run_file_says_what_must_stay_apart(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(WHOLE.replace("[[", '[apart]\nclasses = ["boat"]\ngap_px = 9\n[[', 1))
    assert read_run(path).apart == Apart(("boat",), gap_px=9, weight=5.0)


@pytest.mark.parametrize("beside", [True, False])
def test_labels_beside_the_run_file_come_before_the_data_root(tmp_path, beside):
    folder = tmp_path / "runs{b}"
    (folder / "labels").mkdir(parents=True)
    (folder / "run.toml").write_text(
        'name = "n"\nversion = "1"\nsteps = 3\n[[sources]]\nname = "s"\nimages = "i"\n'
        'format = "coco"\nlabels = "labels/{split}.json"\n'
    )
    if beside:
        (folder / "labels" / "val.json").write_text("{}")
    source = read_run(folder / "run.toml").sources[0]
    found = source.labels_path(tmp_path / "data", "val")
    assert found == (folder if beside else tmp_path / "data") / "labels" / "val.json"
    assert source.labels_path(tmp_path / "data", "train").parts[-3] == "data"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "run.toml"),
        ('name = "n"\nversion = "1"\nsteps = 1', "no sources"),
        ('speed = 1\n[[sources]]\nname = "s"\nimages = "i"\nknown = ["boat"]', "speed"),
        ('steps = 1\n[[sources]]\nname = "s"\nimages = "i"\nknown = ["tree"]', "tree"),
        (WHOLE.replace("steps", 'encoder = "vgg"\nsteps'), "'vgg' is none of lite0, lite2"),
        (WHOLE.replace("[[", '[apart]\nclasses = ["tree"]\n[[', 1), "no classes tree"),
        (WHOLE.replace("[[", '[apart]\nclasses = ["boat"]\ngap_px = 8\n[[', 1), "gap_px 8"),
        (WHOLE.replace("[[", '[apart]\nclasses = ["boat"]\nweight = 0\n[[', 1), "weight 0"),
        (WHOLE.replace("[[", "[apart]\ngap_px = 7\n[[", 1), "classes"),
        (WHOLE.replace("[[", "[coarse]\nscale = 0.5\n[[", 1), "classes"),
        (WHOLE.replace("[[", "[coarse]\nscale = 2\nclasses = []\n[[", 1), "between 0 and 1"),
        (WHOLE.replace("[[", '[coarse]\nscale = 0.5\nclasses = ["tree"]\n[[', 1), "tree"),
        (WHOLE.replace("[[", '[mirrored]\nabove = 0.5\nclasses = ["tree"]\n[[', 1), "tree"),
        (WHOLE.replace("[[", "[mirrored]\n[[", 1), "classes"),
        (WHOLE.replace("[[", "[coarse]\n[[", 1), "classes"),
        (
            WHOLE.replace(
                "[[",
                '[coarse]\nscale = 0.5\nclasses = ["boat"]\n'
                '[mirrored]\nabove = 0.5\nclasses = ["boat"]\n[[',
                1,
            ),
            "the same class",
        ),
        (WHOLE.replace("[[", "[mirrored]\nabove = 0.5\nclasses = []\n[[", 1), "names no classes"),
        (
            WHOLE.replace("[[", '[mirrored]\nabove = 1\nclasses = ["boat"]\n[[', 1),
            "between 0 and 1",
        ),
    ],
)
def test_bad_run_file_is_refused_with_the_reason(tmp_path, text, said):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=said):
        read_run(path)


@pytest.mark.parametrize("path", RUNS, ids=lambda p: p.stem)
def test_shipped_run_files_hold_back_the_demo_s_burning_picture(path):
    for entry in read_run(path).sources:
        if entry.name in {"construction", "negatives"}:
            assert "319292_270961" in entry.exclude
            assert "319293_270961" in entry.exclude
        assert "demo" not in entry.images


@pytest.mark.parametrize("owner", [Run, Source], ids=lambda c: c.__name__)
def test_every_field_of_a_run_file_is_documented(owner):
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    written = [f.name for f in dataclasses.fields(owner) if f.name != "said_in"]  # by its reader
    assert [name for name in written if f"`{name}`" not in page] == []

from dataclasses import replace

import numpy as np
import pytest

from tests.vision.photos import save_model
from vision import judged_report, judging
from vision.average_precision import (
    PictureObjects,
    average_precision,
    matched,
    objects_of,
    run_lengths,
)
from vision.calibration import pixel_reliability
from vision.datasets import Picture, Source, SourceData
from vision.detector import open_detector

pytest.importorskip("onnx")

SOURCE = Source(
    "ponds", "i", ("building", "boat"), masks="m", values={1: ("building",), 3: ("boat",)},
    gsd_m=0.1,
)  # fmt: skip


def square(left, top, side=20, shape=(100, 120)):
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def lengths(*masks):
    return tuple(run_lengths(mask) for mask in masks)


def test_average_precision_is_one_for_the_truth_and_nought_for_nothing():
    truth = lengths(square(5, 5), square(60, 50))
    perfect = average_precision([PictureObjects(truth, (), tuple((t, 0.9) for t in truth))])
    assert (perfect.at_50, perfect.at_50_95) == pytest.approx((1, 1))
    assert average_precision([PictureObjects(truth, (), ())]).at_50 == 0
    assert np.isnan(average_precision([PictureObjects((), (), ())]).at_50)


def test_average_precision_is_coco_s_area_under_the_curve():
    """One of two found first, then a false one: recall 0.5 at precision 1, and never more."""
    truth = lengths(square(5, 5), square(60, 50))
    called = ((truth[0], 0.9), (run_lengths(square(90, 5)), 0.8))
    found = average_precision([PictureObjects(truth, (), called)])
    assert found.at_50 == pytest.approx(51 / 101)  # COCO's 101 recalls, 0 to 0.5 of them


def test_a_shifted_object_counts_at_the_overlaps_that_it_reaches():
    truth, shifted = run_lengths(square(5, 5)), run_lengths(square(9, 5))  # IoU 16 / 24
    found = average_precision([PictureObjects((truth,), (), ((shifted, 0.9),))])
    assert found.at_50 == pytest.approx(1)
    assert found.at_50_95 == pytest.approx(4 / 10)  # 0.50, 0.55, 0.60, 0.65


def test_what_is_called_where_nothing_is_known_counts_neither_way():
    truth, veil = lengths(square(5, 5)), lengths(square(60, 20, 40))
    called = ((run_lengths(square(70, 30)), 0.99), (truth[0], 0.5))
    assert average_precision([PictureObjects(truth, veil, called)]).at_50 == pytest.approx(1)
    verdicts, found = matched([c for c, _ in called], truth, veil, least_iou=0.3)
    assert verdicts == [-1, 0]
    assert found == {0}


def test_each_object_is_found_once():
    truth = lengths(square(5, 5))
    verdicts, _ = matched([truth[0], truth[0]], truth, (), least_iou=0.3)
    assert verdicts == [0, None]


def test_specks_are_no_objects():
    mask = square(5, 5) | square(60, 60, 3)
    assert len(objects_of(mask, join_px=0, least_px=30)) == 1


@pytest.mark.parametrize(
    ("gsd_m", "band"),
    [(None, "unknown"), (0.03, "0 to 5 cm"), (0.05, "5 to 8 cm"), (0.3, "25 cm and more")],
)
def test_bands_of_scale(gsd_m, band):
    assert judging.band_of(gsd_m) == band


@pytest.fixture
def detector(tmp_path):
    """Red is building, green is smoke, blue is boat; thresholds of 0.5."""
    return open_detector(save_model(tmp_path))


def picture(name, marks, called):
    """`marks`: mask value -> region; `called`: colour -> region that the detector will call."""
    mask = np.zeros((100, 120), np.uint8)
    rgb = np.full((100, 120, 3), 30, np.uint8)
    for value, region in marks.items():
        mask[region] = value
    for channel, region in called.items():
        rgb[region, channel] = 250
    return Picture(name, rgb, mask, {})


@pytest.fixture
def verdicts(detector):
    here, there, big = square(10, 10, 30), square(70, 60, 30), square(60, 10, 40)
    pictures = (
        picture("right", {1: here}, {0: here}),
        picture("missed", {1: here, 3: there}, {}),
        picture("mistaken", {3: there}, {0: there}),
        picture("false", {}, {0: big}),
    )
    data = SourceData(SOURCE, pictures)
    return detector, [judging.judge(detector, data, item) for item in pictures]


def test_figures_count_what_was_right_missed_and_false(verdicts):
    detector, found = verdicts
    tally = judging.tallies(found)[("all", "")]["building"]
    values = judging.figures(tally, "building", detector.package)
    assert values["pictures"] == 4
    assert (values["objects_found"], values["objects_missed"], values["objects_false"]) == (1, 1, 2)
    assert values["precision"] == pytest.approx(1 / 3, abs=1e-4)
    assert values["recall"] == 0.5
    assert values["iou"] == pytest.approx(900 / (900 + 900 + 900 + 1600), abs=1e-4)
    assert values["pixel_recall"] == 0.5
    assert values["false_per_100_pictures"] == 50
    assert values["mistaken_for"] == {"boat": 1, judging.BACKGROUND: 1}


@pytest.mark.parametrize(
    ("value", "name", "regions", "objects"),
    [
        (1, "building", (square(10, 10, 30), square(48, 10, 30)), 2),  # 0.8 m apart
        (1, "building", (square(10, 10, 30), square(43, 10, 30)), 1),  # 0.3 m
        (2, "smoke", (square(10, 10, 30), square(60, 10, 30)), 1),  # 2 m
        (1, "building", (square(10, 10, 20),), 0),  # 4 m2: no patrol reports it
        (3, "boat", (square(10, 10, 20),), 1),
    ],
)
def test_what_is_there_is_one_object_as_what_is_called_would_be(
    detector, value, name, regions, objects
):
    """The rules of outlines hold for both sides: 0.10 m a pixel here."""
    marked = np.logical_or.reduce(regions)
    known = replace(SOURCE, known=(name,), values={value: (name,)})
    data = SourceData(known, (picture("p", {value: marked}, {}),))
    verdict = judging.judge(detector, data, data.pictures[0]).classes[name]
    assert len(verdict.objects.truth) == verdict.missed == objects


def test_groups_are_all_pictures_each_source_and_each_band(verdicts):
    groups = judging.tallies(verdicts[1])
    assert set(groups) == {("all", ""), ("source", "ponds"), ("gsd", "8 to 12 cm")}
    assert groups[("all", "")]["boat"].pictures == 4


def test_certainty_that_does_not_prove_true_shows_in_the_error(verdicts):
    _, found = verdicts
    tally = judging.tallies(found)[("all", "")]["building"]
    assert judging.object_reliability(tally).error == pytest.approx(0.98 - 1 / 3, abs=0.02)


def test_report_shows_the_worst_pictures_first_and_needs_no_other_file(verdicts, tmp_path):
    detector, found = verdicts
    worst = judged_report.WorstErrors()
    for verdict in found:
        worst.see(verdict)
    group = judging.tallies(found)[("all", "")]
    figures = {n: judging.figures(t, n, detector.package) for n, t in group.items()}
    document = {
        "model": {"name": "<m>", "version": "1", "sha256": "abc"},
        "note": "n", "classes": figures, "sources": {"ponds": {"classes": figures}}, "gsd": {},
    }  # fmt: skip
    curves = {
        n: pixel_reliability(t.pixels, detector.package.calibration_of(n)) for n, t in group.items()
    }
    judged_report.write_report(tmp_path / "r.html", document, curves, worst)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "&lt;m&gt;" in page
    assert "http" not in page
    assert page.index("ponds: false; 1600 pixels wrong") < page.index("ponds: missed; 900 pixels")
    assert "ponds: right" not in page
    assert page.count("data:image/jpeg;base64,") == 5  # three of building, two of boat


def test_only_the_worst_are_kept(verdicts):
    detector, _ = verdicts
    regions = [square(5, 5, side) for side in range(12, 30)]
    pictures = tuple(picture(f"p{n}", {1: r}, {}) for n, r in enumerate(regions))
    worst = judged_report.WorstErrors()
    for item in pictures:
        worst.see(judging.judge(detector, SourceData(SOURCE, pictures), item))
    kept = sorted(worst.by_class["building"], reverse=True)
    assert [e.error_px for e in kept] == [side**2 for side in range(29, 23, -1)]

import numpy as np
import pytest

from vision.classes import CLASS_NAMES, class_index
from vision.datasets import Picture, Source, SourceData
from vision.evaluation import (
    SILENT_THRESHOLD,
    answer_all,
    choose_thresholds,
    figures_of,
    quiet_thresholds,
    score_source,
)

BOAT, SMOKE = class_index("boat"), class_index("smoke")
SOURCE = Source("s", "i", ("boat", "smoke"), masks="m", values={1: ("boat",), 2: ("smoke",)})


def data_with_boat(**changes):
    mask = np.zeros((40, 40), np.uint8)
    mask[10:20, 10:30] = 1
    rgb = np.repeat(mask[..., None] * np.uint8(200), 3, axis=-1)
    fields = {name: getattr(SOURCE, name) for name in Source.__slots__}
    return SourceData(Source(**{**fields, **changes}), (Picture("p", rgb, mask, {}),))


def brightness_is_boat(rgb):
    probability = np.zeros((len(CLASS_NAMES), *rgb.shape[:2]), np.float32)
    probability[BOAT] = rgb[..., 0] / 255
    return probability


def evaluate(predict, data):
    answers = answer_all(predict, data, 0.1)
    scores = score_source(data, answers)
    thresholds = choose_thresholds({"s": scores})
    return {f.class_name: f for f in figures_of(data, answers, scores, thresholds)}


def test_right_answers_get_full_marks():
    figure = evaluate(brightness_is_boat, data_with_boat())["boat"]
    assert figure.iou == 1
    assert (figure.objects.found, figure.objects.false, figure.objects.missed) == (1, 0, 0)


def test_wrong_answers_get_none():
    def inverted(rgb):
        return brightness_is_boat(255 - rgb)

    figure = evaluate(inverted, data_with_boat())["boat"]
    assert figure.iou < 0.2
    assert figure.objects.missed == 1


def test_class_that_never_occurs_has_only_a_false_share():
    figure = evaluate(brightness_is_boat, data_with_boat())["smoke"]
    assert np.isnan(figure.iou)
    assert figure.false_share == 0


def test_pictures_are_shown_at_the_model_s_scale():
    seen = []

    def watch(rgb):
        seen.append(rgb.shape)
        return brightness_is_boat(rgb)

    answer_all(watch, data_with_boat(gsd_m=0.05), 0.1)
    assert seen == [(20, 20, 3)]


def test_a_class_that_no_picture_contains_is_kept_silent():
    data = data_with_boat()
    scores = score_source(data, answer_all(brightness_is_boat, data, 0.1))
    thresholds = choose_thresholds({"s": scores})
    assert thresholds["flame"] == SILENT_THRESHOLD
    assert 0.2 <= thresholds["boat"] <= 200 / 255


def test_pixels_of_unknown_content_are_not_judged():
    figure = evaluate(brightness_is_boat, data_with_boat(hidden={1: ("boat",)}))["boat"]
    assert figure.objects.false == 0
    assert np.isnan(figure.iou) or figure.iou == pytest.approx(1)


def test_a_class_is_raised_until_places_without_it_are_quiet():
    dim, bright = np.uint8(150), np.uint8(220)
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[5:15, 5:15] = dim  # what looks a little like a boat, where there is none
    empty = data_with_boat(name="empty", values={})
    empty = SourceData(empty.source, (Picture("e", rgb, np.zeros((40, 40), np.uint8), {}),))
    boats = data_with_boat(name="boats")
    boats.pictures[0].rgb[10:20, 10:30] = bright
    judged = {d.source.name: (d, answer_all(brightness_is_boat, d, 0.1)) for d in (boats, empty)}
    scores = {name: score_source(*entry) for name, entry in judged.items()}
    raised = quiet_thresholds(judged, scores, {"boat": 0.3, "smoke": 0.5})
    called = {n: (a[0].probability[BOAT] >= raised["boat"]).any() for n, (_, a) in judged.items()}
    assert called == {"boats": True, "empty": False}
    assert dim / 255 < raised["boat"] <= bright / 255
    assert raised["smoke"] == 0.5


def test_a_class_that_no_empty_place_judges_keeps_its_threshold():
    boats = data_with_boat(name="boats")
    judged = {"boats": (boats, answer_all(brightness_is_boat, boats, 0.1))}
    scores = {"boats": score_source(*judged["boats"])}
    assert quiet_thresholds(judged, scores, {"boat": 0.1})["boat"] == 0.1

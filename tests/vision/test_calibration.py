import numpy as np
import pytest

from vision.calibration import Calibration, fit, pixel_reliability, reliability
from vision.classes import CLASS_NAMES
from vision.manifests import calibrations, with_tables
from vision.metrics import ScoreHistogram
from vision.package import SHIPPED_MODEL, load_package


def drawn(slope, offset, count=400_000, seed=0):
    """Truth drawn from probabilities whose log-odds were bent by the inverse of a calibration."""
    rng = np.random.default_rng(seed)
    true_odds = rng.normal(-1, 2, count)
    truth = rng.random(count) < 1 / (1 + np.exp(-true_odds))
    said = 1 / (1 + np.exp(-(true_odds - offset) / slope))
    return ScoreHistogram.empty().add(said, truth)


@pytest.mark.parametrize(("slope", "offset"), [(1, 0), (0.5, -0.4), (1.6, 0.8)])
def test_the_bend_of_probabilities_is_found_again(slope, offset):
    found = fit([drawn(slope, offset)])
    assert found.slope == pytest.approx(slope, abs=0.05)
    assert found.offset == pytest.approx(offset, abs=0.05)


def test_calibrated_probabilities_prove_true():
    histogram = drawn(0.4, -1.0)
    assert pixel_reliability(histogram, Calibration()).error > 0.08
    assert pixel_reliability(histogram, fit([histogram])).error < 0.02  # bins of 1 / 200


def test_calibration_keeps_the_order_and_the_ends():
    values = Calibration(0.3, -2)(np.linspace(0, 1, 101))
    assert (np.diff(values) >= 0).all()
    assert 0 <= values[0] < values[-1] <= 1


def test_as_it_is_changes_nothing():
    values = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(Calibration()(values), values)


def test_nothing_to_learn_from_leaves_it_as_it_is():
    none = ScoreHistogram.empty()
    never = none.add(np.full(50, 0.3), np.zeros(50, bool))
    assert fit([]) == fit([none]) == fit([never]) == Calibration()


def test_error_is_the_mean_distance_of_said_and_true():
    found = reliability(np.array([0.9, 0.1]), np.array([50, 20]), np.array([100, 100]))
    assert found.error == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    assert np.isnan(reliability(np.array([]), np.array([]), np.array([])).error)


@pytest.mark.parametrize("values", [(0, 0), (-1, 0), (float("nan"), 0), (1, float("inf"))])
def test_a_calibration_that_turns_the_order_round_is_refused(values):
    with pytest.raises(ValueError, match="needs a slope above 0"):
        Calibration(*values)


def test_a_calibration_goes_into_a_manifest_and_changes_nothing_else(tmp_path):
    path = tmp_path / "patrol.toml"
    path.write_bytes(SHIPPED_MODEL.read_bytes())
    (tmp_path / "patrol.onnx").write_bytes(load_package().path.read_bytes())
    found = calibrations({"a": {"boat": drawn(0.5, -0.4)}, "b": {"smoke": drawn(1.6, 0.8)}})
    with_tables(path, {"calibration": found})
    package = load_package(path)
    assert package.calibration_of("boat").slope == pytest.approx(0.5, abs=0.05)
    assert package.calibration_of("flame") == Calibration()
    before = {n: [c.slope, c.offset] for n, c in load_package().calibration.items()}
    with_tables(path, {"calibration": before})
    assert path.read_bytes() == SHIPPED_MODEL.read_bytes()


def test_the_shipped_model_is_calibrated_for_every_class():
    assert set(load_package().calibration) == set(CLASS_NAMES)

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.course_match import OFF_PLAN, match_legs

ROWS = np.array(
    [
        [(0, 0), (0, 200)],
        [(0, 200), (12, 200)],
        [(12, 200), (12, 0)],
        [(12, 0), (24, 0)],
        [(24, 0), (24, 200)],
        [(24, 200), (0, 0)],
    ],
    dtype=float,
)


def along(leg, step_m=2.0):
    start, end = leg
    shares = np.arange(0, 1, step_m / np.linalg.norm(end - start))[:, None]
    return start + shares * (end - start)


def flown(*legs):
    return np.concatenate([along(ROWS[leg]) for leg in legs])


def test_a_flight_as_planned_is_on_its_legs_in_order():
    found = match_legs(flown(0, 1, 2, 3, 4, 5), ROWS)
    truth = np.repeat(np.arange(6), [len(along(leg)) for leg in ROWS])
    assert (found == truth).mean() > 0.97  # a corner belongs to both


def test_a_row_flown_on_the_place_of_the_next_but_one_is_still_this_row():
    beside = flown(0, 1, 2)
    beside[: len(along(ROWS[0])), 0] += 14.0  # nearer to the third line than to its own
    found = match_legs(beside, ROWS)
    assert set(found[5 : len(along(ROWS[0])) - 5]) == {0}


def test_a_flight_that_breaks_off_beside_later_rows_is_not_on_them():
    home = along(np.array([(0.0, 100.0), (120.0, 100.0)]))
    found = match_legs(np.concatenate([flown(0)[:50], home]), ROWS)
    assert set(found[:45]) == {0}
    assert set(found[-40:]) == {OFF_PLAN}


def test_a_flight_that_comes_back_to_a_row_is_on_it_again():
    away = along(np.array([(12.0, 100.0), (300.0, 100.0)]))
    track = np.concatenate(
        [flown(0, 1), flown(2)[:50], away, away[::-1], flown(2)[50:], flown(3, 4)]
    )
    found = match_legs(track, ROWS)
    assert OFF_PLAN in found
    last = found[found != OFF_PLAN][-60:]
    assert set(last) == {4}


@settings(max_examples=15, deadline=None)
@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(1, 5))
def test_waiting_and_dense_recording_change_nothing(east_m, north_m, times):
    track = flown(0, 1, 2, 3, 4) + np.array([east_m, north_m])
    once = match_legs(track, ROWS)
    again = match_legs(np.repeat(track, times, axis=0), ROWS)
    assert (again[::times] == once).mean() > 0.97


def test_nothing_flown_and_nothing_planned_match_nothing():
    assert len(match_legs(np.zeros((0, 2)), ROWS)) == 0
    assert match_legs(np.zeros((3, 2)), np.zeros((0, 2, 2))).tolist() == [OFF_PLAN] * 3

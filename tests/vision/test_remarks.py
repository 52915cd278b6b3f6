"""Remarks of one kind are said once, with the range of their figures."""

from hypothesis import given
from hypothesis import strategies as st

from vision.remarks import named_photos, shared_reasons, skeleton, with_ranges


@given(st.lists(st.floats(-99, 99).map(lambda value: round(value, 2)), min_size=1))
def test_figures_become_ranges(values: list[float]) -> None:
    said = with_ranges([f"fine: {value:.2f} cm, at least 3 is needed" for value in values])
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    shown = low if float(low) == float(high) else f"{low} to {high}"
    assert said.replace("-0.00", "0.00") == (
        f"fine: {shown} cm, at least 3 is needed".replace("-0.00", "0.00")
    )


def test_names_of_photos_are_no_figures() -> None:
    texts = ["duplicate: the same file as DJI_0001", "duplicate: the same file as DJI_0002"]
    assert with_ranges(texts) == "duplicate: the same file as DJI_0001 (and the like)"
    assert skeleton("a/IMG-0001 is 60% of 2.5, at 3.") == "a/IMG-0001 is #% of #, at #."


def test_reasons_that_differ_in_figures_are_said_once_with_all_their_photos() -> None:
    beyond = [
        ("a", "1 of 4 corners look beyond dem.tif"),
        ("b", "3 of 9 corners look beyond dem.tif"),
    ]
    assert shared_reasons([("c", "no pose"), *beyond]) == [
        ("1 to 3 of 4 to 9 corners look beyond dem.tif", ["a", "b"]),
        ("no pose", ["c"]),
    ]


def test_the_first_photos_are_named_and_the_others_counted() -> None:
    assert named_photos(["a", "b"]) == "a, b"
    assert named_photos(["a", "b", "c", "d"]) == "a, b, c and 1 more"

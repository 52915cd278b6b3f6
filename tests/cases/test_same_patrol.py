"""Photos that were filed before speak as the patrol that they were filed as, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.errors import FilingError
from cases.same_patrol import marks_of, same_patrol

MORNING, NOON = range(0, 10), range(10, 14)


def photos(*numbers: int) -> dict[str, str]:
    return {f"p{number}": f"{number:016x}{'f' * 48}" for number in numbers}


FILED = {"morning": marks_of(photos(*MORNING).values()), "noon": marks_of(photos(*NOON).values())}


def test_photos_never_met_are_a_new_patrol() -> None:
    assert same_patrol(FILED, photos(20, 21)) is None
    assert same_patrol({}, photos(0)) is None


@given(st.sets(st.sampled_from(MORNING), min_size=5), st.sets(st.integers(20, 99)))
def test_some_photos_more_or_fewer_are_the_same_patrol(kept: set[int], more: set[int]) -> None:
    assert same_patrol(FILED, photos(*kept, *more)) == "morning"


@given(st.sets(st.sampled_from(MORNING), min_size=1, max_size=4), st.sets(st.integers(20, 99)))
def test_a_few_photos_of_a_patrol_are_refused(kept: set[int], more: set[int]) -> None:
    with pytest.raises(FilingError, match=rf"{len(kept)} of the 10 photos of patrol morning .*p"):
        same_patrol(FILED, photos(*kept, *more))


def test_photos_of_two_patrols_are_refused() -> None:
    with pytest.raises(FilingError, match=r"10 of the 10 photos of patrol morning.*4 of the 4"):
        same_patrol(FILED, photos(*MORNING, *NOON))

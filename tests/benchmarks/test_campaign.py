"""The figures of a campaign fail where one is worse than asked."""

import pytest

pytest.importorskip("distributed", reason="Dask is not installed (extra campaign)")

from benchmarks.campaign import worse_than_asked

WHOLE = {"photos": 500, "lost": 0, "doubled": 0, "differing_files": []}
GOOD = {
    "undisturbed": WHOLE,
    "killed": WHOLE,
    "overhead_share": 0.05,
    "efficiency_on_two": 0.9,
}


def test_what_is_as_asked_passes():
    assert worse_than_asked(GOOD) == []


@pytest.mark.parametrize(
    ("worse", "named"),
    [
        ({"overhead_share": 0.051}, "overhead"),
        ({"efficiency_on_two": 0.899}, "efficiency"),
        ({"killed": WHOLE | {"lost": 1}}, "photos lost"),
        ({"killed": WHOLE | {"doubled": 1}}, "photos doubled"),
        ({"undisturbed": WHOLE | {"differing_files": ["p00/remarks.csv"]}}, "files differ"),
    ],
)
def test_what_is_worse_is_named(worse, named):
    assert worse_than_asked(GOOD | worse) == [named]

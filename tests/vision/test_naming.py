import pytest

from vision.naming import PhotoNames

PATHS = ["a/P1.JPG", "b/P1.JPG", "b/P2.JPG", "P1.JPG", "x/b/P3.JPG"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("P2.JPG", ["b/P2.JPG"]),
        ("elsewhere/P2.JPG", ["b/P2.JPG"]),
        ("a/P1.JPG", ["a/P1.JPG"]),
        ("flight/b/P1.JPG", ["b/P1.JPG"]),
        ("P1.JPG", ["P1.JPG"]),
        ("c/P1.JPG", ["a/P1.JPG", "b/P1.JPG", "P1.JPG"]),
        ("P4.JPG", []),
        ("1.JPG", []),
    ],
)
def test_a_name_means_the_photo_whose_path_agrees_from_the_end(name, meant):
    assert [PATHS[number] for number in PhotoNames(PATHS).meant(name)] == meant

import pytest

from vision.classes import CLASS_NAMES, CLASSES, class_index


def test_index_of_a_class_is_its_place_in_the_tuple():
    assert [class_index(entry.name) for entry in CLASSES] == list(range(len(CLASSES)))


def test_names_labels_and_colours_are_unique():
    for values in (
        CLASS_NAMES,
        [c.label_en for c in CLASSES],
        [c.label_zh for c in CLASSES],
        [c.colour for c in CLASSES],
    ):
        assert len(set(values)) == len(CLASSES)


def test_unknown_class_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'tree'.*building, construction"):
        class_index("tree")

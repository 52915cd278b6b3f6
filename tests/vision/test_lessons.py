import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is needed for training only")

from vision.aims import Apart  # noqa: E402
from vision.classes import class_index  # noqa: E402
from vision.datasets import Batch, Source  # noqa: E402
from vision.label_marks import IGNORE  # noqa: E402
from vision.lessons import lesson_of  # noqa: E402

BOAT, SMOKE = class_index("boat"), class_index("smoke")
CPU = torch.device("cpu")
PONDS = Source("ponds", "i", ("boat",), masks="m", values={1: ("boat",)})
FIELDS = Source("fields", "i", ("smoke",), masks="m", values={1: ("smoke",)})


def batch_of(*sources, side=32):
    """One crop a source, 100 grey levels times its number; a thing at rows 8 to 15."""
    count = len(sources)
    rgb = np.stack([np.full((side, side, 3), 100 * n, np.uint8) for n in range(count)])
    mask = np.zeros((count, side, side), np.uint8)
    for number in range(count):
        mask[number, 8:16, 8 * number : 8 * number + 8] = 1
    mask[:, 31] = IGNORE
    tables = [(s.target_table(), s.weight_table()) for s in sources]
    target, weight = (np.stack(parts) for parts in zip(*tables, strict=True))
    return Batch(rgb, mask, np.full_like(mask, 255), target, weight)


def test_masks_are_looked_up_in_the_tables_of_their_own_source():
    lesson = lesson_of(batch_of(PONDS, FIELDS), CPU)
    assert lesson.target[0, BOAT].sum() == lesson.target[1, SMOKE].sum() == 64
    assert lesson.target.sum() == 128
    assert lesson.weight[0, BOAT, :31].min() == 1
    assert lesson.weight[0, SMOKE].max() == 0
    assert lesson.weight[:, :, 31].max() == 0


def test_a_picture_that_knows_less_than_its_source_teaches_less():
    batch = batch_of(PONDS)
    known = batch.known.copy()
    known[0, :4] = 0
    lesson = lesson_of(batch._replace(known=known), CPU)
    assert lesson.weight[0, BOAT, :4].max() == 0
    assert lesson.weight[0, BOAT, 4:31].min() == 1


def test_a_narrow_gap_between_two_things_counts_more_and_nothing_else_does():
    batch = batch_of(PONDS)
    batch.mask[0, 8:16, 12:20] = 1  # 4 pixels from the first thing, which ends before column 8
    batch.mask[0, 8:16, 28:] = 1  # 8 from the second one, up to the edge
    plain = lesson_of(batch, CPU).weight[0]
    weight = lesson_of(batch, CPU, Apart(("boat",), gap_px=7, weight=5.0)).weight[0]
    expected = plain.clone()
    expected[BOAT, 8:16, 8:12] = 5
    assert torch.equal(weight, expected)


def test_a_gap_of_which_nothing_is_known_teaches_nothing():
    batch = batch_of(PONDS)
    batch.mask[0, 8:16, 12:20] = 1
    batch.mask[0, 8:16, 8:12] = IGNORE
    weight = lesson_of(batch, CPU, Apart(("boat",), gap_px=7)).weight[0]
    assert weight[BOAT, 8:16, 8:12].max() == 0

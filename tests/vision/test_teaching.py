import pytest

torch = pytest.importorskip("torch", reason="torch is needed for training only")


from vision.aims import Teaching  # noqa: E402
from vision.checkpoints import read_checkpoint  # noqa: E402
from vision.classes import CLASS_NAMES, class_index  # noqa: E402
from vision.datasets import TrainingError, read_run  # noqa: E402
from vision.model import CoarseLook  # noqa: E402
from vision.package import SHIPPED_MODEL  # noqa: E402
from vision.teaching import Teachers, load_teachers, unlikeness  # noqa: E402
from vision.training import learn, make_learner, save_checkpoint, train  # noqa: E402

from .test_training import batch_of, run_of, write_run  # noqa: E402

C = len(CLASS_NAMES)
CPU = torch.device("cpu")


def network(seed):
    learner = make_learner(run_of(seed=seed), pretrained=False)
    return learner.average.eval()


def image_of(seed=0, side=64):
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(seed))


def test_teachers_say_the_mean_of_what_each_says():
    one, two = network(1), network(2)
    teaching = Teaching(("a", "b"))
    together = Teachers([one, two], teaching).say(image_of())
    alone = [Teachers([each], teaching).say(image_of()) for each in (one, two)]
    torch.testing.assert_close(together, (alone[0] + alone[1]) / 2)


def test_only_classes_of_the_coarse_look_are_looked_at_twice():
    net, teaching = network(3), Teaching(("a",))
    once = Teachers([net], teaching).say(image_of())
    twice = Teachers([net], teaching, CoarseLook(0.5, ("smoke",))).say(image_of())
    differs = [bool((once[:, c] != twice[:, c]).any()) for c in range(C)]
    assert differs == [name == "smoke" for name in CLASS_NAMES]


def test_a_mirrored_teacher_says_the_same_of_the_mirror_image():
    mirrored = Teachers([network(3)], Teaching(("a",), asks_mirrored=True))
    plain = Teachers([network(3)], Teaching(("a",)))
    image = image_of()
    torch.testing.assert_close(mirrored.say(image.flip(3)).flip(3), mirrored.say(image))
    other = plain.say(image.flip(3)).flip(3)
    assert not torch.allclose(other, plain.say(image))
    torch.testing.assert_close(mirrored.say(image), (plain.say(image) + other) / 2)


def test_like_answers_are_least_unlike():
    said = torch.rand(1, C, 8, 8, generator=torch.Generator().manual_seed(4)) * 0.98 + 0.01
    alike = torch.ones(C)
    same = unlikeness(torch.logit(said), said, alike)
    for changed in (torch.logit(said) + 0.5, torch.zeros_like(said)):
        assert unlikeness(changed, said, alike) > same


def test_answers_about_a_class_count_as_they_are_trusted():
    said = torch.full((1, C, 4, 4), 0.9)
    trusting = [Teachers([], Teaching(("a",), trust=trust)).class_weights()
                for trust in ({}, {"smoke": 0.25})]  # fmt: skip
    whole, less = (unlikeness(torch.zeros_like(said), said, trust) for trust in trusting)
    assert less / whole == pytest.approx((C - 0.75) / C)


def test_where_labels_are_silent_a_learner_goes_towards_its_teacher():
    """The labels know of boats alone: without a teacher nothing is learnt of smoke."""
    run, smoke = run_of(decoder_rate=3e-3), class_index("smoke")
    teacher = network(9)
    with torch.no_grad():
        teacher.head.bias[smoke] = 2.0
    biases = []
    for teachers in (None, Teachers([teacher], Teaching(("a",)))):
        learner = make_learner(run, pretrained=False)
        learner.teachers = teachers
        for _ in range(3):
            learn(learner, batch_of(side=32), run)
        biases.append(learner.network.head.bias[smoke].item())
    alone, taught = biases
    assert abs(alone + 3.0) < 1e-3  # as it began, but for the decay of weights
    assert taught > alone + 3e-3


def test_checkpoints_and_manifests_teach(tmp_path):
    save_checkpoint(tmp_path / "t.pt", make_learner(run_of(), pretrained=False), run_of())
    teaching = Teaching(("t.pt", str(SHIPPED_MODEL)))
    teachers = load_teachers(teaching, tmp_path, None, CPU)
    said = teachers.say(image_of())
    assert said.shape == (2, C, 64, 64)
    assert not any(p.requires_grad for net in teachers.networks for p in net.parameters())


def test_a_run_file_names_its_teachers(tmp_path):
    path = write_run(tmp_path, 2)
    taught = tmp_path / "taught.toml"
    save_checkpoint(tmp_path / "t.pt", make_learner(run_of(), pretrained=False), run_of())
    head, sources = path.read_text().split("[[sources]]")
    taught.write_text(f'{head}[teaching]\nmodels = ["t.pt"]\n[[sources]]{sources}')
    assert read_run(taught).teaching == Teaching(("t.pt",))
    with_teacher = train(taught, tmp_path, tmp_path / "with")
    without = train(path, tmp_path, tmp_path / "without")
    taught_one, other = (read_checkpoint(path) for path in (with_teacher, without))
    average = taught_one["average"]
    assert any(not torch.equal(average[name], value) for name, value in other["average"].items())
    assert taught_one["history"] == ["tiny: 2 of 2 steps, taught by t.pt"]


def test_a_teacher_that_is_not_there_is_named(tmp_path):
    path = write_run(tmp_path, 2)
    head, sources = path.read_text().split("[[sources]]")
    path.write_text(f'{head}[teaching]\nmodels = ["gone.pt"]\n[[sources]]{sources}')
    with pytest.raises(TrainingError, match=r"gone\.pt cannot be read"):
        train(path, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / "checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"models": ()}, "names none"),
        ({"models": ("a",), "labels_weight": -1.0}, "negative"),
        ({"models": ("a",), "trust": {"smoke": -1.0}}, "trust in smoke, -1.0, is negative"),
        ({"models": ("a",), "trust": {"tree": 1.0}}, "tree"),
    ],
)
def test_what_cannot_teach_is_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        Teaching(**fields)

import pytest

torch = pytest.importorskip("torch", reason="torch is needed for training only")

from vision.encoders import ENCODERS, stages_of, weights_package  # noqa: E402
from vision.network import build_network, imagenet_weights_path, load_encoder  # noqa: E402


@pytest.fixture(scope="module", params=ENCODERS)
def network(request):
    torch.manual_seed(0)
    return build_network(7, request.param, pretrained=False).eval()


@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (64, 96)])
def test_every_input_pixel_gets_one_logit_per_class(network, rows, columns):
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, rows, columns)).shape == (2, 7, rows, columns)


@pytest.mark.parametrize(
    ("encoder", "channels"), [("lite0", (16, 24, 40, 112, 320)), ("lite2", (16, 24, 48, 120, 352))]
)
def test_features_come_at_five_strides(encoder, channels):
    network = build_network(7, encoder, pretrained=False).eval()
    with torch.inference_mode():
        features = network.encoder(torch.zeros(1, 3, 64, 64))
    assert [tuple(f.shape[1:]) for f in features] == [
        (count, 32 >> level, 32 >> level) for level, count in enumerate(channels)
    ]


def test_an_encoder_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match=r"'lite9' is none of lite0, lite2"):
        stages_of("lite9")


def test_an_untrained_network_starts_near_nothing_here(network):
    with torch.inference_mode():
        probability = torch.sigmoid(network(torch.randn(1, 3, 64, 64)))
    assert probability.mean() < 0.2


def test_published_names_load_without_their_underscores(network):
    published = {f"_{k.replace('.', '._')}": v + 1 for k, v in network.encoder.state_dict().items()}
    encoder = "lite0" if len(network.encoder.blocks) == 16 else "lite2"
    other = build_network(7, encoder, pretrained=False)
    load_encoder(other.encoder, published)
    expected = network.encoder.state_dict()["conv_stem.weight"] + 1
    assert torch.equal(other.encoder.conv_stem.weight, expected)


@pytest.mark.parametrize(("encoder", "blocks"), [("lite0", 16), ("lite2", 21)])
def test_imagenet_weights_fill_the_whole_encoder(encoder, blocks):
    package = weights_package(encoder)
    pytest.importorskip(package, reason="the package with the weights is not installed")
    weights = torch.load(imagenet_weights_path(encoder), map_location="cpu", weights_only=True)
    filled = build_network(7, encoder, pretrained=True).encoder
    assert torch.equal(filled.conv_stem.weight, weights["_conv_stem.weight"])
    last = f"_blocks.{blocks - 1}._project_conv.weight"
    assert torch.equal(filled.blocks[blocks - 1].project_conv.weight, weights[last])

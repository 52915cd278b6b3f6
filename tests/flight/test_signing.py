"""Signed messages: what is trusted, and where the key may come from."""

import hashlib

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError
from flight.link import MavlinkLink
from flight.signing import VARIABLE, SigningKey, read_key, sign_with
from tests.flight.test_link import HEARTBEAT, Clock, Wire

KEY = SigningKey(bytes(range(32)))


def signed_wire(key):
    wire = Wire()
    sign_with(wire.sender, key, link_id=1)
    return wire


def test_what_is_sent_carries_a_signature_that_the_other_end_accepts():
    wire = Wire()
    MavlinkLink(wire, key=KEY, clock=Clock()).receive(0)
    reader = mavlink.MAVLink(None)
    reader.signing.secret_key = KEY.secret
    assert reader.decode(bytearray(wire.sent[0]))._signed
    reader.signing.secret_key = bytes(32)
    with pytest.raises(mavlink.MAVError, match="signature"):
        reader.decode(bytearray(wire.sent[0]))


def test_a_signed_vehicle_is_heard():
    wire = signed_wire(KEY)
    wire.says(HEARTBEAT)
    assert MavlinkLink(wire, key=KEY, clock=Clock()).receive(0).get_type() == "HEARTBEAT"


@pytest.mark.parametrize("wire", [Wire(), signed_wire(SigningKey(bytes(32)))])
def test_unsigned_and_wrongly_signed_messages_are_passed_over_and_counted(wire):
    clock = Clock()
    link = MavlinkLink(wire, key=KEY, clock=clock)
    wire.says(HEARTBEAT)
    read = wire.read
    wire.read = lambda timeout_s: setattr(clock, "now_s", clock.now_s + 1) or read(timeout_s)
    with pytest.raises(LinkError, match=r"messages without a valid signature.*check the key"):
        link.wait_for_vehicle()


def test_a_recorded_message_that_is_sent_again_is_not_trusted():
    wire = signed_wire(KEY)
    wire.says(HEARTBEAT)
    wire.incoming.append(wire.incoming[0])
    link = MavlinkLink(wire, key=KEY, clock=Clock())
    assert link.receive(0) is not None
    assert link.receive(0) is None


def key_file(folder, text, mode=0o600):
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_is_64_digits_or_the_hash_of_a_pass_phrase(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_key(None) is None
    assert read_key(key_file(tmp_path, KEY.secret.hex() + "\n")) == KEY
    phrase = hashlib.sha256(b"open sesame").digest()
    assert read_key(key_file(tmp_path, "open sesame\n")).secret == phrase
    monkeypatch.setenv(VARIABLE, "open sesame")
    assert read_key(None).secret == phrase


def test_a_key_that_others_may_read_or_that_is_empty_is_refused(tmp_path):
    with pytest.raises(LinkError, match="chmod 600"):
        read_key(key_file(tmp_path, "secret", 0o644))
    with pytest.raises(LinkError, match="holds no signing key"):
        read_key(key_file(tmp_path, "\n"))
    with pytest.raises(LinkError, match="cannot be read"):
        read_key(tmp_path / "none")


def test_a_key_shows_itself_to_nobody():
    assert KEY.secret.hex() not in repr(KEY)
    assert repr(KEY.secret) not in repr(KEY)

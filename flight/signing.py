"""EDGE: the key that signs MAVLink 2 messages: where it comes from, and how it is used.

A key is never an argument of a command: others on the machine can read those. Source: MAVLink
guide, "Message Signing": SHA-256 over key and frame, time stamps of 10 microseconds since 2015.
"""

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.errors import LinkError
from flight.protocol import Message

VARIABLE = "AEROGRID_SIGNING_KEY"
KEY_BYTES = 32
SIGNING_EPOCH_S = 1_420_070_400  # 2015-01-01
TICKS_PER_S = 100_000
UNSIGNED_ALLOWED = frozenset({109})  # RADIO_STATUS, which the radio itself makes up


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """32 secret bytes, kept out of every message and log."""

    secret: bytes


def read_key(path: Path | None) -> SigningKey | None:
    """Take the key from a file, or from AEROGRID_SIGNING_KEY where no file is named.

    Both hold 64 hexadecimal digits, or a pass phrase, of which the SHA-256 is the key as in
    Mission Planner and MAVProxy.

    Raises:
        LinkError: the file cannot be read, holds nothing, or others may read it.
    """
    if path is None:
        text = os.environ.get(VARIABLE, "").strip()
        return _key(text) if text else None
    try:
        text = path.read_text(encoding="utf-8").strip()
        shared = stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    except (OSError, UnicodeDecodeError) as error:
        raise LinkError(f"{path}: the signing key cannot be read ({error}).") from error
    if shared and os.name == "posix":
        raise LinkError(f"{path}: others may read this signing key; run `chmod 600 {path}`.")
    if not text:
        raise LinkError(
            f"{path}: holds no signing key; write 64 hexadecimal digits or a pass phrase into it."
        )
    return _key(text)


def _key(text: str) -> SigningKey:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) == KEY_BYTES:
        return SigningKey(secret)
    return SigningKey(hashlib.sha256(text.encode()).digest())


def sign_with(mav: mavlink.MAVLink, key: SigningKey, *, link_id: int) -> None:
    """Sign everything that an encoder sends, and trust nothing that comes unsigned."""
    signing = mav.signing
    signing.secret_key = key.secret
    signing.sign_outgoing = True
    signing.link_id = link_id
    signing.timestamp = round((time.time() - SIGNING_EPOCH_S) * TICKS_PER_S)
    signing.allow_unsigned_callback = _may_be_unsigned


def _may_be_unsigned(mav: Message, message_id: int) -> bool:
    return message_id in UNSIGNED_ALLOWED

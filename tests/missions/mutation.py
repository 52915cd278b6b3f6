"""Damaged files for readers: they may refuse them, and nothing else may go wrong."""

import os
import random
import zipfile

from missions.errors import MissionError

ROUNDS = int(os.environ.get("AEROGRID_MUTATIONS", "200"))
_NASTY = (b"nan", b"1e999", b"-1", b"9" * 400, b"\x00", b"null", b"[[[[", b'"', b"\xff\xfe", b"")


def mutated(content, seed):
    """Flip, cut, repeat or replace a few bytes."""
    rng = random.Random(seed)
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + rng.randint(1, 40)] = b""
        elif kind == 2:
            data[at:at] = data[at : at + rng.randint(1, 200)]
        elif kind == 3:
            data[at : at + rng.randint(0, 8)] = rng.choice(_NASTY)
        else:
            digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
            if digits:
                data[rng.choice(digits)] = 48 + rng.randrange(10)
    return bytes(data)


def repacked(path, seed):
    """The same archive with one document damaged, which its checksum does not show."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = sorted(members)[seed % len(members)]
    members[name] = mutated(members[name], seed)
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def read_damaged(read, path, rounds=ROUNDS):
    """Read a file damaged in many ways; count how often it was refused."""
    content, refused = path.read_bytes(), 0
    for seed in range(rounds):
        path.write_bytes(mutated(content, seed))
        error = refusal(read, path)
        assert error is None or str(path) in error
        refused += error is not None
    return refused


def refusal(read, path):
    """What a reader says when it refuses a file; None if it reads it."""
    try:
        read(path)
    except MissionError as error:
        return str(error)
    return None

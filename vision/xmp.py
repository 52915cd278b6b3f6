"""What an XMP packet says, by prefixed name; as much of it as is sound XML."""

from contextlib import suppress
from xml.parsers import expat

_MOST_CHARACTERS = 1_000_000  # a camera's packet has 2000 to 20 000
_FRAMES = ("x:", "rdf:")  # around properties, and none themselves


def xmp_properties(text: str) -> dict[str, str]:
    """Properties of an XMP packet by prefixed name, for example `drone-dji:GimbalYawDegree`.

    A field of a structure has both names: `drone-skydio:CameraOrientationNED:Yaw`. Of a list the
    last value counts. Reading ends
    where the packet is no XML, at a document type, and at a million characters.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.add
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse
    with suppress(expat.ExpatError, UnicodeEncodeError, _DoctypeError):
        parser.Parse(text[:_MOST_CHARACTERS].lstrip("\ufeff \t\r\n"), True)
    return reader.found


class _DoctypeError(Exception):
    """No camera writes a document type; those who do want something else."""


def _refuse(*_: object) -> None:
    raise _DoctypeError


class _Reader:
    """Collects properties from elements and attributes in the order in which they come."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._owners: list[str] = []  # of each open element: the structure that it is in
        self._content = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        owner = self._owners[-1] if self._owners else ""
        inside = name if ":" in name and not name.startswith(_FRAMES) else owner
        for field, value in attributes.items():
            self._keep(inside, field, value)
        self._owners.append(inside)
        self._content = ""

    def add(self, content: str) -> None:
        self._content += content

    def end(self, name: str) -> None:
        self._owners.pop()
        if self._content.strip():
            self._keep(self._owners[-1] if self._owners else "", name, self._content.strip())
        self._content = ""

    def _keep(self, owner: str, name: str, value: str) -> None:
        prefix, colon, field = name.partition(":")
        if name == "rdf:li" and owner:
            self.found[owner] = value
        if not colon or prefix in ("xmlns", "rdf", "xml"):
            return
        self.found[name] = value
        if owner:
            self.found[f"{owner}:{field}"] = value

"""Texts of a vehicle whole: longer ones come in parts of 50 letters (MAVLink 2, STATUSTEXT.id)."""

from dataclasses import dataclass, field

from flight.protocol import Message

PART_LENGTH = 50


@dataclass(slots=True)
class Joining:
    """Parts that wait for their end; of an older text the end was lost."""

    _parts: dict[tuple[int, int], str] = field(default_factory=dict)

    def join(self, message: Message) -> str | None:
        """The text of a STATUSTEXT with what came before it; None where more is to come."""
        number, part = getattr(message, "id", 0), getattr(message, "chunk_seq", 0)
        if not number:
            return str(message.text)
        key = message.get_srcComponent(), number
        text = f"{self._parts.pop(key, '') if part else ''}{message.text}"
        if len(message.text) < PART_LENGTH:
            return text
        self._parts = {key: text}
        return None

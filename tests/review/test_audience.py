"""What many ask at once is worked out once, and anew when something has changed."""

import asyncio

from review.audience import MOST, Audience


def ask_many(audience: Audience, stamps: list[int]) -> tuple[list[int], int]:
    made = 0

    def make() -> int:
        nonlocal made
        made += 1
        return made

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(audience.get("what", stamp, make) for stamp in stamps))

    return asyncio.run(all_at_once()), made


def test_what_fifty_ask_at_once_is_made_once():
    told, made = ask_many(Audience(), [1] * 50)
    assert (set(told), made) == ({1}, 1)


def test_another_stamp_is_answered_anew():
    told, made = ask_many(Audience(), [1, 2])
    assert (told, made) == ([1, 2], 2)


def test_an_error_is_told_and_not_kept():
    async def ask(audience: Audience) -> str:
        try:
            await audience.get("what", 1, lambda: 1 // 0)
        except ZeroDivisionError:
            return await audience.get("what", 1, lambda: "well")
        return "no error"

    assert asyncio.run(ask(Audience())) == "well"


def test_only_the_last_questions_are_kept():
    async def ask_all(audience: Audience) -> list[str]:
        made = []
        for number in [*range(MOST + 1), 0]:
            await audience.get(number, 1, lambda: made.append("made"))
        return made

    assert len(asyncio.run(ask_all(Audience()))) == MOST + 2

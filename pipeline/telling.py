"""How those who wait hear of a patrol while it is worked on."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is told how much is done, of how much."""

Note = Callable[[str], None]
"""Is told what a person should know that stops nothing."""

"""What the server has a browser ask for first is what the page's script asks for."""

import re
from pathlib import Path

import pytest

from cases.lifecycle import Role
from review import beginning

SRC = Path(__file__).parents[2] / "review" / "frontend" / "src"


def found(file: str, pattern: str) -> str:
    match = re.search(pattern, (SRC / file).read_text(encoding="utf-8"), re.S)
    assert match is not None, f"{file}: {pattern}"
    return match[1]


def stages_of(choice: str) -> tuple[str, ...]:
    """What `stagesOf` of api.ts makes of a choice as it is written in state.ts."""
    if choice in ("IN_HAND", "FOR_COMMAND"):
        listed = found("api.ts", rf"\[{choice}\]: \[([^]]*)\]")
        return tuple(re.findall(r'"(\w+)"', listed))
    name = choice.strip('"')
    return (name,) if name else ()


@pytest.mark.parametrize("role", list(Role))
def test_the_page_and_its_server_begin_with_the_same_stages(role: Role):
    table = found("state.ts", r"FIRST_STAGE: Record<string, string> = \{([^}]*)\};")
    of_roles = dict(re.findall(r'(\w+): (IN_HAND|FOR_COMMAND|"\w*")', table))
    assert len(of_roles) == table.count(":"), table
    otherwise = found("state.ts", r'FIRST_STAGE\[role\] \?\? ("\w+")')
    written = stages_of(of_roles.get(role.value, otherwise))
    assert beginning._FIRST_STAGES.get(role, ("reported",)) == written
    assert set(of_roles) == {known.value for known in beginning._FIRST_STAGES}


def test_the_page_and_its_server_begin_with_as_many_cases():
    assert int(found("api.ts", r"const PAGE = (\d+);")) == beginning._PAGE

"""EDGE: read rule and category files from disk, or the ones shipped with aerogrid."""

from pathlib import Path

from cases.errors import RuleError
from cases.rules import Rulebook, parse_categories, parse_rulebook

SHIPPED = Path(__file__).parent


def load_rulebook(rules_path: Path | None = None, categories_path: Path | None = None) -> Rulebook:
    """Read rules and categories; None stands for the shipped file."""
    rules_path = rules_path or SHIPPED / "rules.toml"
    categories_path = categories_path or SHIPPED / "categories.toml"
    categories_text = _read(categories_path)
    categories = parse_categories(categories_text, str(categories_path))
    return parse_rulebook(_read(rules_path), str(rules_path), categories, categories_text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RuleError(f"{path} does not exist; name a TOML file of rules") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path} cannot be read: {error}") from error

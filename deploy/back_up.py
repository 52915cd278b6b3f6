"""Back a case registry up into a folder: a new file each time, of which the newest are kept.

    python deploy/back_up.py patrol/cases.sqlite backups
    python deploy/back_up.py postgresql+psycopg://aerogrid@db/cases backups --keep 60

The backups are those of docs/operations.md, which says how they are brought back; the second form
needs pg_dump of the server's version or newer. Copy the folder to another machine: this does not.
"""

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from cases.backup import back_up, dump
from geo.errors import AerogridError

_OURS = re.compile(r"cases-\d{8}T\d{6}Z\.(sqlite|dump)")


def backed_up(registry: str, folder: Path, *, keep: int, now: datetime) -> Path:
    """Write a backup; once it is whole all but the newest `keep` of ours go."""
    is_server = "://" in registry
    out = folder / f"cases-{now:%Y%m%dT%H%M%SZ}.{'dump' if is_server else 'sqlite'}"
    if is_server:
        dump(registry, out)
    else:
        back_up(Path(registry), out)
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    for old in ours[:-keep]:
        old.with_name(f"{old.name}.heads").unlink(missing_ok=True)
        old.unlink()
    return out


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: at least one backup has to stay")
    return number


def parser() -> argparse.ArgumentParser:
    """What is asked on the command line."""
    asks = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asks.add_argument("registry", help="a file, or a URL of PostgreSQL")
    asks.add_argument("folder", type=Path)
    asks.add_argument("--keep", type=_at_least_one, default=30, help="backups that stay (30)")
    return asks


def main() -> None:
    """Back up, and tell where."""
    asked = parser().parse_args()
    try:
        out = backed_up(asked.registry, asked.folder, keep=asked.keep, now=datetime.now(UTC))
    except (AerogridError, OSError) as error:
        sys.exit(f"error: {error}")
    print("backed up:", out)


if __name__ == "__main__":
    main()

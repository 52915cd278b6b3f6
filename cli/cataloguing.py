"""The catalogue above the patrols of a folder, and what is told of it."""

from pathlib import Path

from cli import console
from pipeline.stac_folder import gather_stac


def run(folder: Path) -> int:
    """Write the catalogue; patrols that have none are named."""
    gathered = gather_stac(folder)
    for name in gathered.without:
        console.warn(
            f"{console.where(folder / name)}: has no catalogue. Run `aerogrid report` of it; "
            "photos without time or place make none."
        )
    count = console.counted(len(gathered.patrols), "patrol")
    console.out.print(f"{count} in {console.where(gathered.path)}", highlight=False)
    return console.IN_PART if gathered.without else console.DONE

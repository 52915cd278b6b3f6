"""What to fly: surveys over cells, sorties, drones and mission files."""

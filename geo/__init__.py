"""The ground: geometry of earth, camera, terrain and grid cells."""

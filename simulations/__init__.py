"""A world with known truth: town, camera, vehicle, scoring."""

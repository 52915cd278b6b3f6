"""Use cases: settings, the patrol workspace on disk, the chaining of stages."""

"""From photos to located observations: frames, detection, locating, association."""

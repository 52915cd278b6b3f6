"""From cases to people: routing and bulletins."""

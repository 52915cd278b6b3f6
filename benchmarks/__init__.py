"""Questions about accuracy and speed, answered with figures."""

"""The web application in which inspectors review cases."""

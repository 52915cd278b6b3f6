"""The verbs of the command line, their arguments and exit codes."""

"""Where the program begins; cli.verbs has the verbs, and is loaded where Ctrl-C is expected."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C ends it with a message, also while it loads."""
    try:
        from cli import verbs

        verbs.run()
    except KeyboardInterrupt:
        print("note: Stopped. Every file that is there is whole.", file=sys.stderr)
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()

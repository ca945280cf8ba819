"""The `detente` command, also `python -m pipeline.cli`."""

import sys


def main() -> None:
    """Run the command; an interruption while it is still being imported ends it as any other."""
    try:
        from pipeline.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()

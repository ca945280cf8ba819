"""`python -m pipeline.cli` is the `detente` command."""

from pipeline.cli.app import main

main()

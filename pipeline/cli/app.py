"""The `detente` command: which commands there are, and how errors end. Heavy imports wait until a command runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from pipeline.cli import scoring, training
from pipeline.errors import DetenteError

app = typer.Typer(
    help="Says, sentence by sentence, whether news tells of rising or easing tension, how sure it is, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# What a person wants to do, and the commands for it, in the order of `detente --help`.
COMMANDS = {
    "Read the news": (scoring.score,),
    "Train and measure a model": (training.train, training.evaluate, training.check, training.drift),
}
for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def main() -> None:
    """Entry point of the `detente` command."""
    gc.set_threshold(50_000)  # imports make many objects and no garbage: looking for it took 4 % of the start-up
    with _one_line_errors():
        app()


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """The project's errors become one line on standard error and exit code 1."""
    try:
        yield
    except DetenteError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except BrokenPipeError:  # the reader of a pipe has gone, as `head` does
        sys.stderr.close()
        raise SystemExit(0) from None

"""The `detente` command: its subcommands and error handling. Heavy imports wait until a command runs."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import UnsupportedOperation
from pathlib import Path
from typing import Annotated

from typer import Exit, Option, Typer

from pipeline.cli import experiments, scoring, training
from pipeline.cli.data import data
from pipeline.cli.streams import Stream, log_to, open_streams
from pipeline.errors import FAULT, INTERRUPTED, DetenteError
from pipeline.messages import say, terminal

app = Typer(
    help="Classify news by rising or easing political tension, sentence by sentence, with probabilities and evidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

# Tasks and their commands, in the order of `detente --help`.
COMMANDS = {
    "Score news": (scoring.score, scoring.explain, scoring.timeline),
    "Train and evaluate a model": (training.train, training.evaluate, training.check, training.drift),
    "Compare runs and choose a model": (experiments.runs, experiments.promote),
    "Run experiments": (experiments.run, experiments.tune),
}


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"detente {version('detente')}")
        raise Exit


for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)

app.add_typer(data, name="data", rich_help_panel="Labelled data")


@app.callback()
def detente(
    version: Annotated[  # noqa: ARG001  its callback reads it
        bool, Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print only errors and what cannot be read.")] = False,
    verbose: Annotated[bool, Option("--verbose", help="Show a traceback for internal errors.")] = False,
    log_file: Annotated[Path | None, Option(help="Also write standard error to this file, with timestamps.")] = None,
) -> None:
    """Options common to all commands."""
    if log_file:
        log_to(log_file)
    terminal.quiet, terminal.verbose = quiet, verbose


def main() -> None:
    """Entry point of the `detente` command."""
    gc.set_threshold(50_000)  # imports make many objects and no garbage: collecting it took 4 % of the start-up
    _spare_address_space()
    # Arguments are UTF-8 whatever the locale; other bytes stay recognisable.
    sys.argv[1:] = [os.fsencode(argument).decode("utf-8", "surrogateescape") for argument in sys.argv[1:]]
    out = open_streams()
    sys.unraisablehook = _interrupt_again
    warnings.showwarning = _one_line_warning
    with _one_line_errors(out):
        try:
            app(_common_first(sys.argv[1:]))
        finally:
            out.flush()


def _one_line_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print the warning of a library without the line of code that caused it."""
    if not terminal.quiet:
        say("warning: " + " ".join(str(message).split()))


def _spare_address_space() -> None:
    """If the address space is limited, let Arrow use the system's allocator: its own reserves far more than it uses.

    Arrow reads the variable when it is imported.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def _common_first(arguments: list[str]) -> list[str]:
    """Move common options, which people also write after the command, to where Typer takes them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    first, rest = list[str](), list[str]()
    for word in arguments[:end]:
        is_common = word in ("--quiet", "-q", "--verbose", "--log-file") or word.startswith("--log-file=")
        (first if is_common or first[-1:] == ["--log-file"] else rest).append(word)
    lacks_name = first[-1:] == ["--log-file"]  # Typer reports this if nothing follows
    return first if lacks_name else [*first, *rest, *arguments[end:]]


def _interrupt_again(dropped: sys.UnraisableHookArgs) -> None:
    """Raise again an interruption that Python dropped in one of its own callbacks, as at an import."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    main, kill = threading.main_thread().ident, getattr(signal, "pthread_kill", None)
    again = threading.Timer(0.05, lambda: kill(main, signal.SIGINT) if kill else signal.raise_signal(signal.SIGINT))
    again.daemon = True
    again.start()  # not at once: this hook is such a callback itself


@contextmanager
def _one_line_errors(out: Stream) -> Iterator[None]:
    """Turn every error into one line on standard error and an exit code (see `pipeline.errors`)."""
    try:
        yield
    except DetenteError as error:
        _say_and_end(f"error: {error}", error.exit_code)
    except KeyboardInterrupt:
        _say_and_end(_stopped(), INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _say_and_end(_stopped(), INTERRUPTED)  # Typer has caught the interruption
        if isinstance(end.__context__, BrokenPipeError):  # Typer has caught that the reader of a pipe has closed it
            out.drop()
            _let_go(end)
            raise SystemExit(0) from None
        raise
    except UnsupportedOperation:
        _say_and_end("error: standard output is closed; send it to a file or a pipe", 1)
    except OSError as error:  # a full disk, a read-only folder
        out.drop()  # else Python would try to write the rest when it ends, and end with code 120
        _say_and_end(f"error: {error.filename or 'output'}: {error.strerror or error}", 1)
    except MemoryError as error:  # NumPy's and Arrow's too
        reason = f" ({error})" if str(error) else ""
        _say_and_end(f"error: out of memory{reason}; free some, raise the limit, or process less at once", 1)
    except Exception as error:
        if terminal.verbose:
            raise
        _say_and_end(f"error: internal error: {type(error).__name__}: {error}; --verbose shows a traceback", FAULT)


def _stopped() -> str:
    """What to say after an interruption, and how to continue."""
    advice = {"score": "; `score --out` continues with --resume", "tune": "; the same command continues the search"}
    return "interrupted" + next((advice[word] for word in sys.argv[1:] if word in advice), "")


def _say_and_end(line: str, code: int) -> None:
    if code == INTERRUPTED:
        # CPython remembers an interruption of code run by `exec`, as when a dataclass is made, and would die by the
        # signal although it was caught. The next `exec` clears this.
        exec("")  # noqa: S102  nothing runs
    say(" ".join(line.split("\n")))
    _let_go(sys.exc_info()[1])
    raise SystemExit(code) from None


def _let_go(error: BaseException | None) -> None:
    """Close the readers that the functions which an error has ended were using.

    A thread of Arrow's that still reads when Python ends would abort the process, exit code 134.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__

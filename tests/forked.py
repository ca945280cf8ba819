"""Commands in processes of their own that are forked from one that has imported the libraries.

A command that trains spends five seconds on imports, one that scores one second: here they are spent once, not for each
of some 250 commands. Tests of how a command starts, of signals, of limits and of locales start `python -m pipeline.cli`.
"""

from __future__ import annotations

import atexit
import multiprocessing
import multiprocessing.reduction
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from coverage import Coverage, process_startup

_FORKS = "forkserver" in multiprocessing.get_all_start_methods()  # Windows has no fork: there each command imports
_CONTEXT = multiprocessing.get_context("forkserver" if _FORKS else "spawn")
if _FORKS:
    _CONTEXT.set_forkserver_preload(["tests.preloaded"])


def prepare() -> None:
    """Start the process that commands are forked from; it imports the libraries while the first tests run."""
    if _FORKS:
        from multiprocessing import forkserver

        forkserver.ensure_running()


class Forked:
    """A running `detente` command.

    Parameters
    ----------
    args : its words behind `detente`.
    cwd, env : the folder and the whole environment that it runs in.
    stdin : what it reads from standard input.
    terminal : the file descriptor of the terminal that is its standard output and standard error; None: they are kept for `wait`.
    before : a function of a module that its process calls first.
    """

    def __init__(
        self,
        args: Iterable,
        cwd: Path,
        env: Mapping[str, str] = os.environ,
        stdin: bytes = b"",
        terminal: int | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        self._args = list(map(str, args))
        self._place = Path(tempfile.mkdtemp())
        (self._place / "in").write_bytes(stdin)
        shown = None if terminal is None else multiprocessing.reduction.DupFd(terminal)
        given = (self._args, str(cwd), dict(env), str(self._place), shown, before)
        self._process = _CONTEXT.Process(target=_command, args=given)
        self._process.start()

    def wait(self, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Its end: exit code, standard output and standard error."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            raise subprocess.TimeoutExpired(self._args, timeout)
        kept = [self._place / name for name in ("out", "err")]
        said = [file.read_text("utf-8", "surrogateescape") if file.exists() else "" for file in kept]
        shutil.rmtree(self._place)
        return subprocess.CompletedProcess(self._args, self._process.exitcode, *said)

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End it by SIGKILL; nothing happens if it has ended."""
        self._process.kill()
        self.wait()


def run(
    args: Iterable, cwd: Path, env: Mapping[str, str] = os.environ, stdin: bytes = b""
) -> subprocess.CompletedProcess:
    """Run a command to its end."""
    return Forked(args, cwd, env, stdin).wait()


def _command(
    args: list[str],
    cwd: str,
    env: dict[str, str],
    place: str,
    terminal: multiprocessing.reduction.DupFd | None,
    before: Callable[[], None] | None,
) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    kept = [os.open(f"{place}/{name}", os.O_RDWR | os.O_CREAT, 0o600) for name in ("in", "out", "err")]
    shown = kept if terminal is None else [kept[0], *[terminal.detach()] * 2]
    for number, file in enumerate(shown):
        os.dup2(file, number)
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")
    sys.argv = ["detente", *args]
    if inherited := Coverage.current():
        inherited.stop()
    atexit._clear()  # what the process that was forked will do at its own end
    process_startup(force=True)  # where the environment asks for it
    if before:
        before()
    from pipeline.cli.app import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()  # which multiprocessing leaves out

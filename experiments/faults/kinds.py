"""The kinds of faults. Each disturbs one trial and gives the number of times that it did."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.faults.commands import CORPUS, Server
from experiments.faults.trial import Trial

IN_A_ROW = 4
LOCALES = ("C", "POSIX", "C.UTF-8", "tr_TR.UTF-8", "de_DE.ISO-8859-1")
ZONES = ("Pacific/Apia", "America/St_Johns", "Asia/Kathmandu", "Nowhere/Land")
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
IS_ROOT = os.geteuid() == 0


def killed(trial: Trial) -> int:
    """SIGKILL at random moments, up to four times in a row."""
    return _struck(trial, signal.SIGKILL, (-signal.SIGKILL, 0))


def interrupted(trial: Trial) -> int:
    """Ctrl-C at random moments, up to four times in a row."""
    return _struck(trial, signal.SIGINT, (130, 0, -signal.SIGINT))  # the last: while Python itself ends


def _struck(trial: Trial, by: signal.Signals, codes: tuple[int, ...]) -> int:
    times, more = 0, ()
    for _ in range(IN_A_ROW):
        run = trial.start(*more)
        if run.is_over(trial.moment()):  # it was quicker than usual
            if times:
                break
            continue
        os.killpg(run.pid, by)
        trial.ended(run, *codes)
        times, more = times + 1, trial.command.again
    trial.finish(*more)
    return times


def full_disk(trial: Trial) -> int:
    """A disk with room for a random share of what the command writes (root), or a file size limit."""
    needed = trial.needs * trial.chance.uniform(0.02, 1)
    if IS_ROOT:
        with _disk(trial, f"size={max(int(needed), 16 << 10)}") as remount:
            trial.ended(trial.start(), 0, 1)
            remount("size=2g")
            trial.finish(*trial.command.again)
    else:
        trial.ended(trial.start(limit=_limit(resource.RLIMIT_FSIZE, int(needed / 4))), 0, 1)
        trial.finish(*trial.command.again)
    return 1


def read_only(trial: Trial) -> int:
    """A folder that cannot be written, empty or with earlier results, which must stay."""
    has_earlier = trial.chance.random() < 0.5
    with _disk(trial, "size=2g") if IS_ROOT else _mode(trial) as remount:
        if has_earlier:
            trial.finish()
        remount("ro")
        needs_nothing = has_earlier and trial.command.reads is None  # what was downloaded is there
        trial.ended(trial.start(), 0 if needs_nothing else 1)
        if has_earlier:
            trial.same()
        remount("rw")
        trial.finish()
    return 1


@contextmanager
def _disk(trial: Trial, options: str) -> Iterator[Callable[[str], object]]:
    """A file system of its own for the trial's folder, and a function that changes its options."""
    place = str(trial.place)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    trial.make_temporary()
    try:
        yield lambda more: subprocess.run(["mount", "-o", f"remount,{more}", place], check=True)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)  # workers of joblib may still be ending


@contextmanager
def _mode(trial: Trial) -> Iterator[Callable[[str], None]]:
    yield lambda more: trial.place.chmod(0o500 if more == "ro" else 0o700)
    trial.place.chmod(0o700)


def vanished(trial: Trial) -> int:
    """The input is deleted, or the server hangs up, at a random moment; later it is back."""
    if trial.command.reads is None:
        Server.bytes_left = trial.chance.randrange(len(CORPUS))
        trial.ended(trial.start(), 0, 1)
        Server.bytes_left = None
    else:
        path = trial.inputs / trial.command.reads
        run = trial.start()
        run.is_over(trial.moment())
        kept = path.rename(path.with_name(".kept"))
        trial.ended(run, 0, 1)
        kept.rename(path)
    trial.finish(*trial.command.again)
    return 1


def changed(trial: Trial) -> int:
    """The input is cut, extended or overwritten at a random moment, or the server sends other bytes."""
    if trial.command.reads is None:
        Server.corpus = CORPUS.replace(b"again", b"never")
        trial.ended(trial.start(), 1)
        Server.corpus = CORPUS
        trial.finish()
        return 1
    path = trial.inputs / trial.command.reads
    before, run = path.read_bytes(), trial.start()
    run.is_over(trial.moment())
    start = trial.chance.randrange(len(before))
    how = trial.chance.choice(("cut", "extended", "overwritten"))
    with path.open("rb+") as file:
        if how == "cut":
            file.truncate(start)
        else:
            file.seek(0 if how == "extended" else start, os.SEEK_END if how == "extended" else os.SEEK_SET)
            file.write(before[start : start + 50_000])
    trial.ended(run, 0, 1, 5)
    if trial.command.again:
        trial.ended(trial.start(*trial.command.again), 0, 1, 5)
    path.write_bytes(before)
    trial.finish()
    return 1


def closed_pipe(trial: Trial) -> int:
    """The reader of standard output goes away after a random number of bytes."""
    run = trial.start(args=trial.command.piped, stdout=subprocess.PIPE)
    run.stdout.read(trial.chance.choice((0, 1, 1_000, 300_000)))
    run.stdout.close()
    trial.ended(run, 0)
    trial.finish()
    return 1


def two_at_once(trial: Trial) -> int:
    """Two runs write the same output, the second from a random moment on."""
    first = trial.start()
    first.is_over(trial.moment())
    second = trial.start()
    codes = {trial.ended(run, 0, 1) for run in (first, second)}
    trial.lost += ["neither has ended well"] if 0 not in codes else []
    trial.same()
    trial.finish()
    return 1


def clock_jumps(trial: Trial) -> int:
    """The clock jumps by up to 400 days at random moments, forwards and backwards (libfaketime)."""
    if FAKETIME is None or trial.command.name in ("train", "tune"):
        return 0  # these sleep, and under libfaketime 0.9.10 every `time.sleep` fails
    clock = trial.inputs / "clock"
    clock.write_text("+0")
    env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_CACHE_DURATION": "1"}
    run = trial.start(env={**env, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    for _ in range(3):
        run.is_over(trial.moment() / 2)
        clock.write_text(f"{trial.chance.uniform(-400, 400):+.3f}d")
    trial.ended(run, 0)
    trial.same()
    return 1


def elsewhere(trial: Trial) -> int:
    """Another locale and time zone."""
    env = {"LC_ALL": trial.chance.choice(LOCALES), "TZ": trial.chance.choice(ZONES)}
    trial.finish(env={**env, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    return 1


def no_home(trial: Trial) -> int:
    """HOME is unset, empty, or names no folder."""
    trial.finish(env={"HOME": trial.chance.choice((None, "", "/nowhere")), "XDG_CACHE_HOME": None})
    return 1


def few_files(trial: Trial) -> int:
    """At most 16 to 64 open files."""
    return _limited(trial, resource.RLIMIT_NOFILE, trial.chance.randrange(16, 65))


def little_memory(trial: Trial) -> int:
    """2 GB of address space."""
    return _limited(trial, resource.RLIMIT_AS, 2 << 30)


def _limited(trial: Trial, kind: int, most: int) -> int:
    trial.ended(trial.start(limit=_limit(kind, most)), 0, 1)
    trial.finish(*trial.command.again)
    return 1


def _limit(kind: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(kind, (most, most))


KINDS: dict[str, Callable[[Trial], int]] = {
    "SIGKILL": killed,
    "Ctrl-C": interrupted,
    "full disk": full_disk,
    "read-only folder": read_only,
    "vanished input": vanished,
    "changed input": changed,
    "closed pipe": closed_pipe,
    "two runs, one output": two_at_once,
    "clock jumps": clock_jumps,
    "locale and time zone": elsewhere,
    "no HOME": no_home,
    "16 to 64 open files": few_files,
    "2 GB address space": little_memory,
}

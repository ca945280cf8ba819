"""Errors that a user can fix: a message (where, expected, found, what to do) and an exit code."""

# Exit codes besides 0, 1 (any other `DetenteError`) and 2 (invalid options, from Typer); README.md lists them.
DRIFT, FLOOR, TOO_MANY_REJECTS, ALERT, REFUSED, FAULT, INTERRUPTED = 3, 4, 5, 6, 7, 70, 130


def first_line(error: BaseException, limit: int = 160) -> str:
    """The first line of an exception's message, or its type if the message is empty."""
    return (str(error).splitlines() or [type(error).__name__])[0][:limit]


class DetenteError(Exception):
    """Base class of errors that a user can fix. The command line prints one line and exits with `exit_code`."""

    exit_code = 1


class InputError(DetenteError, ValueError):
    """An input or output file, a text or an option that cannot be used."""


class RejectsError(InputError):
    """More rows rejected than allowed."""

    exit_code = TOO_MANY_REJECTS


class LabelError(DetenteError, ValueError):
    """An unknown stance, event type or quad class."""


class LabelConflictError(LabelError):
    """Two labels of one row that contradict each other."""


class ConfigError(DetenteError, ValueError):
    """An unknown setting, or an invalid value."""


class ModelError(DetenteError, RuntimeError):
    """A model that is missing, damaged or in another format."""


class TrackingError(DetenteError, ConnectionError):
    """An MLflow store or server that does not respond or rejects a run."""


class RefusedError(DetenteError):
    """A model that is not promoted because it is not better than the current one."""

    exit_code = REFUSED


class SourceError(DetenteError, ConnectionError):
    """A public corpus that is not cached or cannot be downloaded."""


class Interrupted(DetenteError):  # noqa: N818  not an error
    """Interrupted by Ctrl-C, with a message."""

    exit_code = INTERRUPTED

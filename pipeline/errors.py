"""One family of errors. Each says where, what was expected, what was found and what to do; each has an exit code."""

# Exit codes beside 0, 1 (an error of this family) and 2 (options that do not fit, from Typer); README.md has the table.
DRIFT, FLOOR, TOO_MANY_REJECTS, ALERT, REFUSED, FAULT, INTERRUPTED = 3, 4, 5, 6, 7, 70, 130


def first_line(error: BaseException, most: int = 160) -> str:
    """The first line of an exception's message, or its type where it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0][:most]


class DetenteError(Exception):
    """Anything a user can cause and mend. The command line prints it as one line and ends with `exit_code`."""

    exit_code = 1


class InputError(DetenteError, ValueError):
    """A file or a text that cannot be read as what it was given as."""


class RejectsError(InputError):
    """More rows set aside than allowed."""

    exit_code = TOO_MANY_REJECTS


class LabelError(DetenteError, ValueError):
    """A stance or an event type that the codebook does not know."""


class ConfigError(DetenteError, ValueError):
    """A setting that does not exist or has a value of the wrong kind."""


class ModelError(DetenteError, RuntimeError):
    """A model that is missing, damaged or of another format."""


class TrackingError(DetenteError, ConnectionError):
    """An MLflow store or server that does not answer or does not accept a run."""


class RefusedError(DetenteError):
    """A model that is not promoted, since it is no better."""

    exit_code = REFUSED


class SourceError(DetenteError, ConnectionError):
    """A public corpus that is not at hand, or cannot be fetched."""


class Interrupted(DetenteError):  # noqa: N818  it is no error
    """Ctrl-C where there is more to say than that."""

    exit_code = INTERRUPTED

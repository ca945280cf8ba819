"""One family of errors. Each says where, what was expected, what was found and what to do."""


class DetenteError(Exception):
    """Anything a user can cause and mend. The command line prints it as one line."""


class InputError(DetenteError, ValueError):
    """A file or a text that cannot be read as what it was given as."""


class LabelError(DetenteError, ValueError):
    """A stance or an event type that the codebook does not know."""


class ConfigError(DetenteError, ValueError):
    """A setting that does not exist or has a value of the wrong kind."""


class ModelError(DetenteError, RuntimeError):
    """A model that is missing, damaged or of another format."""


class TrackingError(DetenteError, ConnectionError):
    """An MLflow store or server that does not answer or does not accept a run."""

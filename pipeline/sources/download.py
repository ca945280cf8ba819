"""Download public corpora once, verify their hash, and cache them.

A download goes to a `.part` file, which is renamed once its hash matches. An interrupted download is resumed with a
`Range` request if the server supports it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SourceError
from pipeline.sources.cards import Card, PublicFile

CACHE = "DETENTE_CACHE"  # environment variable: the cache folder
_CHUNK = 1 << 14
_GONE = range(400, 500)
_LATER = (408, 425, 429)  # the temporary ones of these
Step = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Patience:
    """Further attempts after a failure of a download, with pauses of 1, 2, 3 … seconds, and its timeouts in seconds, for
    the connection and for the next bytes."""

    retries: int = 3
    connect: float = 10.0
    read: float = 30.0


def cache_folder() -> Path:
    """Where corpora are cached: `CACHE` if it is set, else the system's cache folder of the user."""
    if own := os.environ.get(CACHE):
        return Path(own)
    import pooch

    return Path(pooch.os_cache("detente"))


def place_of(card: Card, file: PublicFile, folder: Path | None = None) -> Path:
    """Where a file is cached, or would be: ``<folder>/<corpus>/<file>``."""
    return (folder or cache_folder()) / card.name / file.name


def is_whole(path: Path, file: PublicFile) -> bool:
    """Whether the file exists with the hash in its card."""
    import pooch

    return path.is_file() and pooch.file_hash(str(path)) == file.sha256


def fetch(
    card: Card,
    folder: Path | None = None,
    step: Step = lambda name, done, size: None,
    patience: Patience | None = None,
) -> list[Path]:
    """Download the missing files of a corpus.

    Raises `SourceError` if a file cannot be downloaded: no connection, an error response, a wrong hash, or a full disk.

    ``folder``: used instead of the cache. ``step``: called with the file's name, its bytes so far and in total (0 if
    the server does not say).
    """
    return [_fetch(file, place_of(card, file, folder), step, patience or Patience()) for file in card.files]


def _fetch(file: PublicFile, path: Path, step: Step, patience: Patience) -> Path:
    import pooch
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("ERROR")
    shelf = pooch.create(
        path.parent,
        base_url="",
        registry={path.name: file.sha256},
        urls={path.name: file.address},
        retry_if_failed=patience.retries,
    )

    def download(address: str, out: str, _: object) -> None:
        part = path.with_name(path.name + ".part")
        _download(address, part, patience, lambda done, size: step(file.name, done, size))
        os.replace(part, out)  # its hash is checked next; if it is wrong, the next attempt starts over

    try:
        return Path(shelf.fetch(path.name, downloader=download))
    except RequestException as error:
        raise SourceError(
            f"{file.address}: {_reason(error)}, tried {patience.retries + 1} times; try again later: what was received is kept"
        ) from None
    except ValueError:
        raise SourceError(
            f"{file.address}: expected bytes of sha256 {file.sha256[:12]}…, got others, {patience.retries + 1} times; "
            "the public file has changed, or a proxy alters it; nothing was kept"
        ) from None
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be written: {error.strerror or error}; make room, or name another folder by --to or {CACHE}"
        ) from None


def _download(address: str, part: Path, patience: Patience, step: Callable[[int, int], None]) -> None:
    """Download the rest of a file to ``part``."""
    import requests

    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    headers["Accept-Encoding"] = "identity"  # else a range counts compressed bytes
    timeout = (patience.connect, patience.read)
    with requests.get(address, headers=headers, stream=True, timeout=timeout) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:  # it was complete, or is another file
            part.unlink()
            return _download(address, part, patience, step)
        if answer.status_code in _GONE and answer.status_code not in _LATER:
            raise SourceError(
                f"{address}: the server answers {answer.status_code} {answer.reason}; check the address in the registry"
            )
        answer.raise_for_status()
        have = have if answer.status_code == requests.codes.partial_content else 0
        size = have + int(answer.headers.get("Content-Length", -have))
        with part.open("ab" if have else "wb") as out:
            for chunk in answer.iter_content(_CHUNK):
                out.write(chunk)
                have += len(chunk)
                step(have, size)
    return None


def _reason(error: Exception) -> str:
    """What went wrong, in plain words."""
    import requests.exceptions as known

    if isinstance(error, known.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, known.Timeout) or "timed out" in str(error).lower():
        return "the server stopped responding"
    if isinstance(error, known.ChunkedEncodingError):
        return "the connection was lost"
    if isinstance(error, known.ConnectionError):
        return "no connection"
    return f"{type(error).__name__}: {str(error)[:100]}"

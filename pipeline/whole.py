"""Files that are there whole or not at all, whenever the power goes or the process is killed."""

import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and move it there once it is complete; what stands there stays until then."""
    part = path.with_name(f".{path.name}.new")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    os.replace(part, path)

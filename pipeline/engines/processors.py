"""How many processors a process may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def processors(root: Path = Path("/")) -> int:
    """Number of processors that this process may use, by its affinity and the quotas of its control groups; at least 1.

    ``root``: folder with ``proc`` and ``sys``.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_quotas(root)]))


def _quotas(root: Path) -> Iterator[int]:
    """Yield the quotas of the process's control group and of those above it, in whole processors."""
    for folder in _groups(root):
        for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):  # version 2, version 1
            try:
                quota, period = (int(number) for name in names for number in (folder / name).read_text().split())
                if quota > 0 and period > 0:  # -1 is no quota in version 1
                    yield quota // period
            except (OSError, ValueError):  # no such group, or no quota ("max")
                continue


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of the groups that limit the processors; in a container some of them may not exist."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        lines = ["0::/"]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / controllers  # of version 2, which names no controllers, the folder itself
        group = Path(path.lstrip("/"))
        yield from (top / one for one in (group, *group.parents))

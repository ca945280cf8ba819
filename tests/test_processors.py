"""How many processors a process may use, from its affinity and its control groups in a folder like the system's."""

import os

import pytest

from pipeline.engines.processors import processors

V1 = "5:memory:/a\n4:cpu,cpuacct:/a/b\n"
V2 = "0::/a/b\n"
CPU = "cpu,cpuacct"
pytestmark = pytest.mark.linux


def of_version_1(folder, quota):
    return {f"{folder}/cpu.cfs_quota_us": f"{quota}\n", f"{folder}/cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        (V2, {"a/b/cpu.max": "300000 100000\n"}, 3),
        (V2, {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "200000 100000\n"}, 2),  # of the slice above
        (V2, {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "500000 100000\n"}, 4),
        (V2, {"a/b/cpu.max": "max 100000\n"}, 8),
        (V2, {"a/b/cpu.max": "50000 100000\n"}, 1),  # half a processor
        (V2, {"cpu.max": "600000 100000\n"}, 6),  # a container, whose group has another name outside
        (V1, of_version_1(f"{CPU}/a/b", 300000), 3),
        (V1, of_version_1(f"{CPU}/a/b", -1) | of_version_1(CPU, 200000), 2),
        (V1, of_version_1("memory/a", 100000), 8),
        (V1 + "0::/\n", of_version_1(f"{CPU}/a", -1), 8),
        ("", {}, 8),
        (V2, {"a/b/cpu.max": "\n"}, 8),
    ],
)
def test_the_least_quota_of_all_groups_counts(tmp_path, monkeypatch, groups, files, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for name, content in (
        ("proc/self/cgroup", groups),
        *((f"sys/fs/cgroup/{name}", said) for name, said in files.items()),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert processors(tmp_path) == expected


def test_without_control_groups_the_affinity_counts(tmp_path):
    assert processors(tmp_path) == len(os.sched_getaffinity(0))

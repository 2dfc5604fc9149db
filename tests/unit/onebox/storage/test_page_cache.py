"""Goal: the memory that may be given is the machine's, or the control group's where that is less."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from onebox.storage.page_cache import LinuxPageCache, find_page_cache

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

MEMINFO = "MemTotal:       24684084 kB\nMemFree:         1000000 kB\nMemAvailable:    2000000 kB\n"


def test_machine_without_control_groups_gives_what_is_available(tmp_path: Path) -> None:
    _write(tmp_path, {"proc/meminfo": MEMINFO})
    assert LinuxPageCache(tmp_path).bytes_available() == 2_000_000 * 1024


@pytest.mark.parametrize(
    ("cgroup", "folder"), [("0::/", ""), ("0::/system.slice/onebox.service", "system.slice/onebox.service/")]
)
def test_limit_of_the_control_group_counts_its_cached_pages_as_available(
    tmp_path: Path, cgroup: str, folder: str
) -> None:
    _write(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": f"{cgroup}\n",
            f"sys/fs/cgroup/{folder}memory.max": "500000000\n",
            f"sys/fs/cgroup/{folder}memory.current": "450000000\n",
            f"sys/fs/cgroup/{folder}memory.stat": "anon 40000000\nfile 400000000\nkernel 10000000\n",
        },
    )
    assert LinuxPageCache(tmp_path).bytes_available() == 450_000_000


@pytest.mark.parametrize("limit", ["max", "", "9000000000"])
def test_group_without_a_lower_limit_changes_nothing(tmp_path: Path, limit: str) -> None:
    _write(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "4:memory:/old\n0::/\n",
            "sys/fs/cgroup/memory.max": limit,
            "sys/fs/cgroup/memory.current": "1000",
        },
    )
    assert LinuxPageCache(tmp_path).bytes_available() == 2_000_000 * 1024


@pytest.mark.parametrize(
    "meminfo", ["", "MemTotal: 1 kB\n", "MemAvailable: many kB\n", "\N{SNOWMAN}\n\nMemAvailable:\n"]
)
def test_unknown_memory_is_none(tmp_path: Path, meminfo: str) -> None:
    _write(tmp_path, {"proc/meminfo": meminfo})
    assert LinuxPageCache(tmp_path).bytes_available() == 0


def test_this_machine_has_some() -> None:
    cache = find_page_cache()
    assert cache is not None
    assert cache.bytes_available() > 0


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

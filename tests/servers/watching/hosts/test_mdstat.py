"""/proc/mdstat as kernels print it: well, degraded, being rebuilt, checked, inactive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.watching.hosts.facts import Array
from servers.watching.hosts.mdstat import arrays

HEALTHY = """\
Personalities : [raid1] [raid6] [raid5] [raid4]
md1 : active raid1 nvme1n1p2[1] nvme0n1p2[0]
      488254464 blocks super 1.2 [2/2] [UU]
      bitmap: 1/4 pages [4KB], 65536KB chunk

md0 : active raid6 sdf3[0] sdd3[7] sdg3[6] sdh3[5] sdc3[4] sdb3[2] sda3[3] sde3[1]
      46824429696 blocks super 1.0 level 6, 64k chunk, algorithm 2 [8/8] [UUUUUUUU]

unused devices: <none>
"""
FAILED = """\
md2 : active raid1 sdb2[1](F) sda2[0]
      1020032 blocks super 1.2 [2/1] [U_]
"""
REBUILT = """\
md3 : active raid1 sdc1[2] sda1[0]
      3068288 blocks [2/1] [U_]
      [=>...................]  recovery =  8.1% (251596/3068288) finish=6.7min speed=6963K/sec
"""
CHECKED = """\
md0 : active raid1 sdb1[1] sda1[0]
      976629760 blocks super 1.2 [2/2] [UU]
      [=>...................]  check =  9.6% (94019584/976629760) finish=95.2min speed=154411K/sec
      bitmap: 0/8 pages [0KB], 65536KB chunk
"""
PENDING = """\
md127 : active (auto-read-only) raid1 sdb1[1] sda1[0]
      976629760 blocks super 1.2 [2/2] [UU]
        resync=PENDING
"""
INACTIVE = """\
md5 : inactive sdd1[1](S)
      976629760 blocks super 1.2
"""
CONTAINER = """\
md126 : active raid1 sda[1] sdb[0]
      976759808 blocks super external:/md127/0 [2/2] [UU]

md127 : inactive sdb[1](S) sda[0](S)
      5201 blocks super external:imsm
"""
STRIPED = """\
md4 : active raid0 sdb1[1] sda1[0]
      1953258496 blocks super 1.2 512k chunks
"""


@pytest.mark.parametrize(
    ("text", "expected", "degraded"),
    [
        (HEALTHY, (Array("md1", "raid1", 0), Array("md0", "raid6", 0)), 0),
        (FAILED, (Array("md2", "raid1", 1, ("sdb2",)),), 1),
        (REBUILT, (Array("md3", "raid1", 1, activity="recovery 8.1%, done in 6.7min"),), 1),
        (CHECKED, (Array("md0", "raid1", 0, activity="check 9.6%, done in 95.2min"),), 0),
        (PENDING, (Array("md127", "raid1", 0, activity="resync pending"),), 0),
        (INACTIVE, (Array("md5", "", 0, inactive=True),), 1),
        (CONTAINER, (Array("md126", "raid1", 0),), 0),
        (STRIPED, (Array("md4", "raid0", 0),), 0),
        ("Personalities : \nunused devices: <none>\n", (), 0),
        ("", (), 0),
    ],
)
def test_arrays_as_they_are(text: str, expected: tuple[Array, ...], degraded: int) -> None:
    found = arrays(text.splitlines())
    assert found == expected
    assert sum(array.degraded for array in found) == degraded


@given(st.lists(st.text() | st.sampled_from((HEALTHY + REBUILT + INACTIVE).splitlines())))
def test_no_lines_whatever_make_it_raise(lines: list[str]) -> None:
    assert isinstance(arrays(lines), tuple)

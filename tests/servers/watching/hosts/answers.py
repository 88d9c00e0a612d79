"""Answers of a host to the slow look, as real ones look like."""

from servers.ssh import Completed

FILES = """\
/proc/loadavg:3.03 3.35 3.43 6/155 28221
/proc/sys/fs/file-nr:2144\t0\t9223372036854775807
/proc/pressure/cpu:some avg10=29.46 avg60=35.90 avg300=38.84 total=11393816893
/proc/pressure/cpu:full avg10=0.00 avg60=0.00 avg300=0.00 total=0
/proc/pressure/memory:some avg10=0.00 avg60=0.25 avg300=0.00 total=0
/proc/pressure/memory:full avg10=0.00 avg60=0.10 avg300=0.00 total=0
/proc/pressure/io:some avg10=3.13 avg60=12.50 avg300=4.01 total=999250898
/proc/pressure/io:full avg10=1.61 avg60=10.00 avg300=1.42 total=318197383
/proc/mdstat:Personalities : [raid1]
/proc/mdstat:md0 : active raid1 sdb1[1] sda1[0]
/proc/mdstat:      488254464 blocks super 1.2 [2/2] [UU]
/proc/mdstat:      bitmap: 1/4 pages [4KB], 65536KB chunk
/proc/mdstat:
/proc/mdstat:unused devices: <none>
/proc/self/mounts:/dev/md0 / ext4 rw,relatime 0 0
/proc/self/mounts:tmpfs /run tmpfs rw,nosuid 0 0
/proc/self/mounts:/dev/loop3 /snap/core22/1122 squashfs ro,nodev 0 0
/proc/self/mounts:/dev/sdc1 /srv/more\\040room xfs rw 0 0
"""
COUNTERS = """\
/proc/meminfo:MemTotal:       16000000 kB
/proc/meminfo:MemAvailable:    3000000 kB
/proc/meminfo:SwapTotal:       1000000 kB
/proc/meminfo:SwapFree:         900000 kB
/proc/meminfo:Hugetlb:         6000000 kB
/proc/vmstat:pswpin 100
/proc/vmstat:pswpout 200
/proc/vmstat:oom_kill 2
"""
DISKS = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/md0          1000000   400000    500000      45% /
tmpfs                1000        0      1000       0% /run
/dev/loop3           1000     1000         0     100% /snap/core22/1122
/dev/sdc1         2000000  1000000    800000      56% /srv/more room
"""
INODES = """\
Filesystem      Inodes  IUsed    IFree IUse% Mounted on
/dev/md0         65536   6553    58983   10% /
/dev/sdc1            0      0        0     - /srv/more room
"""
UNITS = "backup.service loaded failed failed Nightly copy\n"


def answer(
    files: str = FILES,
    counters: str = COUNTERS,
    disks: str = DISKS,
    inodes: str = INODES,
    units: str = UNITS,
    more: str = "@no_smartctl\n",
) -> str:
    """A whole answer, with its parts as they are given."""
    return (
        "@now 1795537006\n@cores 4\n@page 4096\n"
        f"@files\n{files}\n@exit 0\n\n@end\n@counters\n{counters}\n@exit 2\n\n@end\n"
        f"@disks\n{disks}\n@exit 0\n\n@end\n@inodes\n{inodes}\n@exit 0\n\n@end\n"
        "@kernel 6.1.0-18-amd64\n@kernel_installed 1795000000 /lib/modules/6.1.0-18-amd64/modules.dep\n"
        f"@clock_state 0\n@units\n{units}\n@exit 0\n\n@end\n{more}@done\n"
    )


def completed(stdout: str, *, exit_status: int = 0, stderr: str = "") -> Completed:
    return Completed(("sh",), exit_status, stdout, stderr, 0.2)

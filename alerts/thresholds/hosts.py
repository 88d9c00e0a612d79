"""Hosts: disks, load, memory, clocks, hardware and upkeep. Set so that a host that is well run never trips them."""

from dataclasses import dataclass

from alerts.thresholds.kinds import DAY, HOUR, MEBIBYTE, MINUTE, count, seconds, share, size, times


@dataclass(frozen=True)
class HostThresholds:
    # Judged from two viewpoints, and as soon as the standby on it: then it is said once.
    host_down_for: float = seconds(5)
    host_down_critical_after: float = seconds(15 * MINUTE)
    # Of the last fifteen looks: a network that stalls now and then.
    host_timeouts: float = count(4)
    # File systems that the settings do not name: the system's, logs, backups of others.
    host_disk_warning: float = share(0.9, not_above="host_disk_critical")
    host_disk_critical: float = share(0.97)
    host_disk_for: float = seconds(5 * MINUTE)
    # As prometheus' node-mixin has it: only of a disk that is not half empty.
    full_in_warning: float = seconds(DAY)
    full_in_critical: float = seconds(4 * HOUR, not_above="full_in_warning")
    full_in_warning_above: float = share(0.6, not_above="full_in_critical_above")
    full_in_critical_above: float = share(0.8)
    full_in_for: float = seconds(5 * MINUTE)
    # And it must look better for so long: rates waver.
    full_in_keep: float = seconds(10 * MINUTE)
    inodes_warning: float = share(0.85, not_above="inodes_critical")
    inodes_critical: float = share(0.95)
    # A backup, an index build or a busy hour: load alone harms nobody.
    load_per_core: float = times(4)
    load_for: float = seconds(30 * MINUTE)
    cpu_pressure: float = share(0.9)
    io_pressure: float = share(0.7)
    memory_pressure: float = share(0.1)
    pressure_for: float = seconds(30 * MINUTE)
    memory_pressure_for: float = seconds(5 * MINUTE)
    memory_used: float = share(0.96)
    memory_for: float = seconds(10 * MINUTE)
    # Pages that were not used for long lie in swap, and nobody minds; being read all the time they are needed.
    swapped_in: float = size(MEBIBYTE)
    swapped_in_for: float = seconds(15 * MINUTE)
    oom_kills: float = count(0)
    open_files: float = share(0.8)
    # NTP keeps milliseconds, even through a bad line.
    clock_off: float = seconds(1)
    clock_off_for: float = seconds(2 * MINUTE)
    # After a start, and while a time server is away, it takes a while.
    clock_unsynchronised_for: float = seconds(HOUR)
    raid_critical_after: float = seconds(4 * HOUR)
    drives_critical_after: float = seconds(DAY)
    # Updates come every week; rebooting for them is planned.
    reboot_waits: float = seconds(21 * DAY)
    # systemd starts some of them again by and by.
    failed_units_for: float = seconds(15 * MINUTE)

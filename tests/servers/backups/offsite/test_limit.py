"""The bandwidth limit, by a clock that only its own waits move."""

from servers.backups.offsite.limit import BandwidthLimit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_bytes_wait_until_those_before_have_had_their_time() -> None:
    clock = Clock()
    limit = BandwidthLimit(1000, clock=lambda: clock.now, sleep=clock.sleep)

    for _ in range(5):
        await limit.wait_for(500)

    assert clock.now == 102.0


async def test_time_that_nobody_used_is_not_saved_up() -> None:
    clock = Clock()
    limit = BandwidthLimit(1000, clock=lambda: clock.now, sleep=clock.sleep)
    await limit.wait_for(1000)
    clock.now += 3600

    await limit.wait_for(1000)
    await limit.wait_for(1000)

    assert clock.now == 3701.0


async def test_without_a_limit_nobody_waits() -> None:
    clock = Clock()
    await BandwidthLimit(None, clock=lambda: clock.now, sleep=clock.sleep).wait_for(10**12)
    assert clock.now == 100.0

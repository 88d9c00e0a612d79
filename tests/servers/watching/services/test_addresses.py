"""Which addresses lead inside, however they are written, and who may lead there."""

import pytest

from servers.watching.services.addresses import AddressRefused, Guard, Reach, inside


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", Reach.PUBLIC),
        ("2606:2800:220:1::1", Reach.PUBLIC),
        ("10.0.0.11", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("fd12::1", Reach.PRIVATE),
        ("::ffff:10.0.0.11", Reach.PRIVATE),
        ("127.0.0.1", Reach.ANYWHERE),
        ("0.0.0.0", Reach.ANYWHERE),  # noqa: S104
        ("169.254.169.254", Reach.ANYWHERE),
        ("fd00:ec2::254", Reach.ANYWHERE),
        ("100.100.100.200", Reach.ANYWHERE),
        ("::1", Reach.ANYWHERE),
        ("::", Reach.ANYWHERE),
        ("fe80::1%eth0", Reach.ANYWHERE),
        ("::ffff:127.0.0.1", Reach.ANYWHERE),
        ("::ffff:169.254.169.254", Reach.ANYWHERE),
        ("::127.0.0.1", Reach.ANYWHERE),
        ("64:ff9b::a9fe:a9fe", Reach.ANYWHERE),  # 169.254.169.254 by NAT64
        ("2002:7f00:1::", Reach.ANYWHERE),  # 127.0.0.1 by 6to4
        ("nonsense", Reach.ANYWHERE),
    ],
)
def test_how_far_inside_an_address_lies(address: str, expected: Reach) -> None:
    assert inside(address) is expected


@pytest.mark.parametrize(
    ("own", "host", "port", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", 80, Reach.ANYWHERE),  # as it was written
        ("localhost", "LOCALHOST.", 80, Reach.ANYWHERE),
        ("::1", "[::1]", 80, Reach.ANYWHERE),
        ("127.0.0.1", "127.0.0.1", 6379, Reach.PRIVATE),  # which loopback is not
        ("app.example", "app.example", 80, Reach.PRIVATE),
        ("app.example", "app.example", 443, Reach.PRIVATE),
        ("app.example", "other.example", 80, Reach.PUBLIC),
        ("app.example", "allowed.example", 80, Reach.ANYWHERE),
    ],
)
def test_whom_the_settings_let_lead_inside(own: str, host: str, port: int, expected: Reach) -> None:
    assert Guard(own, 80, ("allowed.example",)).reach(host, port) is expected


def test_one_address_inside_among_others_is_enough_to_refuse() -> None:
    with pytest.raises(AddressRefused, match=r"other\.example leads inside"):
        Guard("app.example", 80, ()).check("other.example", 80, ("93.184.216.34", "10.0.0.1"))

"""The settings of copies off site."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.offsite_settings import OffsiteSettings, mistakes_in_offsite, offsite_place
from servers.inventory import OffsitePlace

KEY = "clusters.shop.backups"


def test_what_is_written_is_what_is_used() -> None:
    section = OffsiteSettings.model_validate(
        {"bucket": "far-away", "prefix": "a/b/", "endpoint_url": "https://s3.example.org", "bandwidth": "10MiB"}
    )

    assert offsite_place(section) == OffsitePlace("far-away", "a/b/", None, "https://s3.example.org", 10 * 2**20)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bucket": "Far_Away"},
        {"bucket": "far-away", "prefix": "no-slash"},
        {"bucket": "far-away", "endpoint_url": "s3.example.org"},
        {"bucket": "far-away", "bandwidth": "fast"},
        {"bucket": "far-away", "secret_key": "x"},
    ],
)
def test_what_has_the_wrong_shape_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OffsiteSettings.model_validate(wrong)


def test_unencrypted_data_leaves_only_where_that_is_said() -> None:
    (mistake,) = mistakes_in_offsite(KEY, {"offsite": {"bucket": "far-away"}})

    assert mistake.key == f"{KEY}.offsite"
    assert not list(mistakes_in_offsite(KEY, {"offsite": {"bucket": "far-away", "unencrypted": True}}))
    assert not list(mistakes_in_offsite(KEY, {"offsite": {"bucket": "far-away"}, "encryption": {"recipients": ["A"]}}))


@pytest.mark.parametrize(("url", "wrong"), [("http://s3.example.org", 1), ("http://127.0.0.1:9000", 0)])
def test_nothing_goes_over_the_network_in_the_clear(url: str, wrong: int) -> None:
    backups = {"offsite": {"bucket": "far-away", "unencrypted": True, "endpoint_url": url}}

    assert len(list(mistakes_in_offsite(KEY, backups))) == wrong

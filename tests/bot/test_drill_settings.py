"""The settings of what is promised of a recovery, and of drills: what they become, and what is said of mistakes."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.drill_settings import DrillSettings, ObjectivesSettings, drill_secrets, drilling, mistakes_in_drills
from servers.drilling import Drilling, Objectives, RowLimit


def section(**keys: Any) -> DrillSettings:
    return DrillSettings.model_validate(keys)


def test_without_a_word_it_is_what_the_estate_promises() -> None:
    assert drilling(ObjectivesSettings(), DrillSettings()) == Drilling(Objectives(3600.0, 900.0, 60.0))


def test_limits_are_at_least_or_between() -> None:
    rows = {"app.public.orders": 1000, "app.public.jobs": [0, 500]}
    assert drilling(ObjectivesSettings(), section(rows=rows)).rows == (
        RowLimit("app", "public", "orders", 1000),
        RowLimit("app", "public", "jobs", 0, 500),
    )


def test_the_probe_has_its_password_which_is_a_secret() -> None:
    given = section(probe="host=pooler dbname=app user=understudy", probe_password="hush")
    made = drilling(ObjectivesSettings(), given)
    assert made.probe is not None
    assert "password=hush" in made.probe
    assert "hush" not in repr(made)
    assert tuple(drill_secrets(given)) == ("hush",)


@pytest.mark.parametrize("name", ["orders", "public.orders", 'app.public."orders"', "app.public.orders; DROP"])
def test_a_table_is_named_with_its_database_and_schema(name: str) -> None:
    with pytest.raises(ValidationError):
        section(rows={name: 1})


def test_mistakes_are_said_with_what_would_be_right() -> None:
    cluster = {"drills": {"probe": "pooler:6432", "rows": {"app.public.jobs": [5, 1]}}}
    found = {one.key: one.right for one in mistakes_in_drills("clusters.shop", cluster)}
    assert found["clusters.shop.drills.rows.app.public.jobs"] == "write [at least, at most]"
    assert "[clusters.shop.heartbeat]" in found["clusters.shop.drills.probe"]
    assert not list(mistakes_in_drills("clusters.shop", {}))

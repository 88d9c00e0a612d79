"""Fixtures of the lab's own tests."""

from tests.lab_fixtures import lab, shared_lab

__all__ = ["lab", "shared_lab"]

"""What a probe is: a pure function from a look at a cluster to what it observed there."""

from collections.abc import Callable

from alerts.observation import Look, Observation

Probe = Callable[[Look], tuple[Observation, ...]]

"""What was left while the settings of its servers or targets changed: where the names of the plan lead elsewhere."""

from dataclasses import dataclass

from commands.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class Astray:
    """`names` of the plan lead to something else than was approved, or to nothing. `line` says so in a sentence."""

    names: frozenset[str]
    line: str

    def leaves(self, plan: Plan, step: Step) -> bool:
        """Whether the step acts, and looks, only at what was approved."""
        return self.names.isdisjoint({step.server, plan.source, plan.target})

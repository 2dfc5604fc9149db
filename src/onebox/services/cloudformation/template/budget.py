"""How much the evaluation of one template may cost: values visited and characters produced.

A few hundred bytes of nested functions can stand for gigabytes. Each function charges what it is about to produce
before it produces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.errors import ValidationError


@dataclass(slots=True)
class Budget:
    """What is left for one template."""

    steps: int = limits.EVALUATION_STEPS_MAX
    characters: int = limits.EVALUATION_CHARACTERS_MAX

    def charge_step(self) -> None:
        """Count one visited value. Raises ValidationError when none is left."""
        self.steps -= 1
        if self.steps < 0:
            raise ValidationError(
                f"Template error: the template's functions take more than {limits.EVALUATION_STEPS_MAX} steps."
            )

    def charge_characters(self, count: int) -> None:
        """Count characters that are about to be produced. Raises ValidationError when too few are left."""
        self.characters -= count
        if self.characters < 0:
            raise ValidationError(
                "Template error: the template's functions produce more than "
                f"{limits.EVALUATION_CHARACTERS_MAX} characters."
            )

    def charge_value(self, value: Any) -> None:
        """Count a value that a reference takes over as it is."""
        if isinstance(value, str):
            self.charge_characters(len(value))
        elif isinstance(value, list):
            self.charge_characters(len(value))
            for item in value:
                self.charge_value(item)
        elif isinstance(value, dict):
            for name, member in value.items():
                self.charge_characters(len(name) + 1)
                self.charge_value(member)

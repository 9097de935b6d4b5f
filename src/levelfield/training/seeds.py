"""Seeds: from the entropy of the operating system, or given for a test.

In the closed division random numbers are seeded by a clock, by the operating system's entropy, or by a generator so
seeded (training_rules.adoc, "Random Numbers"). A run with a given seed says so and is none of these.
"""

from __future__ import annotations

import secrets

from levelfield.errors import SettingsError

__all__ = ["SEED_LIMIT", "seeds_of"]

SEED_LIMIT = 1 << 31
"""Seeds are below it, so that every generator and every log takes them."""


def seeds_of(runs: int, given: int | None) -> tuple[int, ...]:
    """A seed for each run, all different.

    Args:
        runs: How many.
        given: The first one, for a repeatable test; the others follow it. ``None`` for entropy.

    Raises:
        SettingsError: The given one cannot be a seed.
    """
    if given is None:
        drawn: dict[int, None] = {}
        while len(drawn) < runs:
            drawn[secrets.randbelow(SEED_LIMIT)] = None
        return tuple(drawn)
    if not 0 <= given <= SEED_LIMIT - runs:
        raise SettingsError(
            "The seed cannot be used.", problems=[f"--seed: found {given}, expected 0 to {SEED_LIMIT - runs}."]
        )
    return tuple(range(given, given + runs))

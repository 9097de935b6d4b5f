"""Generation as LoadGen does it: every query materialised, one draw at a time, in the words of its loop.

An independent, slow model for laws about the streaming one. It shares only the raw generator outputs, which have
their own literal vectors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from levelfield.loadgen.schedule import LoadableSet
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.terms import DrawVariant, Mode, Profile, Scenario


class Generator:
    """One raw number at a time."""

    def __init__(self, seed: int, variant: DrawVariant) -> None:
        self.variant = variant
        self._state = np.random.RandomState(seed & 0xFFFF_FFFF)

    def raw(self) -> int:
        return int(self._state.randint(0, 2**32, dtype=np.uint32))

    def below(self, n: int) -> int:
        while True:
            r = self.raw()
            if self.variant is DrawVariant.CLASSIC:
                scale = (2**32 - 1) // n
                if r < n * scale:
                    return r // scale
            elif (r * n) % 2**32 >= (2**32 - n) % n:
                return r * n >> 32

    def shuffle(self, values: list[int]) -> None:
        n = len(values)
        if n < 2:
            return
        if (2**32 - 1) // n < n:
            for i in range(1, n):
                j = self.below(i + 1)
                values[i], values[j] = values[j], values[i]
            return
        i = 1
        if n % 2 == 0:
            j = self.below(2)
            values[1], values[j] = values[j], values[1]
            i = 2
        while i < n:
            x = self.below((i + 1) * (i + 2))
            p, q = x // (i + 2), x % (i + 2)
            values[i], values[p] = values[p], values[i]
            values[i + 1], values[q] = values[q], values[i + 1]
            i += 2

    def gap_ns(self, qps: float) -> int:
        a, b = self.raw(), self.raw()
        return int(-math.log(1.0 - (a + b * 2**32) / 2**64) / qps * 1e9)


def generate(
    effective: EffectiveSettings, loadable: LoadableSet, phase: Mode
) -> tuple[list[tuple[int, list[int]]], int]:
    """Every query of a phase as (when it is due in ns, its dataset indices), and when the next would be due."""
    settings, scenario, v6 = effective.requested, effective.scenario, effective.profile is Profile.V6
    loaded, n0 = loadable.indices.tolist(), loadable.unpadded_count
    accuracy, equal = phase is Mode.ACCURACY, settings.sample_concatenate_permutation
    unique, same = settings.performance_issue_unique, settings.performance_issue_same
    duration_ns = effective.target_duration_ms * 1_000_000 * (1 if scenario is Scenario.SERVER else 2)
    minimum = effective.min_query_count
    width = n0 if accuracy and scenario is Scenario.OFFLINE else effective.samples_per_query
    if accuracy or unique or (same and not v6):
        duration_ns, minimum = 0, len(loaded) // width

    seeds = (settings.seeds.sample_index, settings.seeds.schedule)
    rng, schedule_rng = (Generator(seed, effective.variant) for seed in seeds)
    stride = width if scenario is Scenario.MULTI_STREAM else 1
    orders: list[Iterator[int]] = []
    for needed in (accuracy, True):
        order = list(range(0, n0, stride))
        if needed:
            rng.shuffle(order)
        orders.append(iter(order))
    permutation, block = list(range(len(loaded))), []
    for _ in range(0, minimum, len(loaded)):
        rng.shuffle(permutation)
        block += permutation
    if equal and scenario is Scenario.OFFLINE and not accuracy:
        width += -width % len(loaded)
    if equal and scenario is not Scenario.OFFLINE and not accuracy and v6:
        minimum += -minimum % len(loaded)
    in_block = equal and (v6 or scenario is Scenario.SINGLE_STREAM)

    def place(number: int) -> int:
        if unique:
            return next(orders[1])
        if same:
            return settings.performance_issue_same_index
        if in_block and scenario is not Scenario.MULTI_STREAM:
            return block[number % len(block)]
        return next(orders[0]) if accuracy else rng.below(n0)

    def samples(number: int) -> list[int]:
        if scenario is not Scenario.OFFLINE:
            first = place(number)
            return loaded[first : first + width]
        if same:
            return [loaded[settings.performance_issue_same_index]] * width
        query = []
        while len(query) + len(loaded) <= width:
            copy = list(loaded)
            if equal:
                rng.shuffle(copy)
            query += copy
        return query + loaded[: width - len(query)]

    queries: list[tuple[int, list[int]]] = []
    due_ns, previous_ns = 0, 0
    while previous_ns < duration_ns or len(queries) < minimum:
        queries.append((due_ns, samples(len(queries))))
        previous_ns = due_ns
        constant_ns = int(1.0 / effective.target_qps * 1e9)
        due_ns += schedule_rng.gap_ns(effective.target_qps) if scenario is Scenario.SERVER else constant_ns
        grows = v6 and equal and scenario is not Scenario.OFFLINE
        if grows and len(queries) >= minimum and previous_ns < duration_ns:
            minimum += len(loaded)
    return queries, due_ns

from __future__ import annotations

import pytest

from levelfield.loadgen.service_times import ServiceTimes


def test_nothing_is_expected_of_what_is_not_known() -> None:
    assert ServiceTimes().expected_ns(4) == 0


def test_sizes_share_a_step_up_to_the_next_power_of_two() -> None:
    times = ServiceTimes()
    times.note(1, 100)
    times.note(8, 400)
    assert [times.expected_ns(samples) for samples in (1, 2, 5, 8)] == [100, 400, 400, 400]


def test_a_batch_larger_than_any_seen_is_expected_in_proportion() -> None:
    times = ServiceTimes()
    times.note(4, 300)
    assert [times.expected_ns(samples) for samples in (5, 8, 16)] == [600, 600, 1200]


def test_steady_times_are_expected_as_they_are_and_shaky_ones_with_a_margin() -> None:
    steady, shaky = ServiceTimes(), ServiceTimes()
    for number in range(200):
        steady.note(1, 1000)
        shaky.note(1, 500 if number % 2 else 1500)
    assert steady.expected_ns(1) == 1000
    assert 1700 < shaky.expected_ns(1) < 2200


def test_a_change_is_followed_within_some_tens_of_batches() -> None:
    times = ServiceTimes()
    times.note(2, 1000)
    for _ in range(60):
        times.note(2, 3000)
    assert times.expected_ns(2) == pytest.approx(3000, rel=0.05)

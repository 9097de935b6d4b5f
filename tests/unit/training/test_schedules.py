"""Rates of the references at steps worked out by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from levelfield.training.schedules import (  # noqa: E402
    halving_warmup,
    linear_warmup_factor,
    set_rate,
    warmup_constant_polynomial,
    warmup_hold_exponential,
    warmup_linear,
    warmup_polynomial,
    with_boundaries,
)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.0), (5, 5.0), (10, 10.0), (55, 0.1 + 9.9 / 4), (100, 0.1), (1000, 0.1)],
)
def test_resnet_warms_up_and_falls_by_a_parabola(step: int, rate: float) -> None:
    # From step 10 on the parabola lasts 90 steps; its middle is step 55.
    assert warmup_polynomial(step, base=10.0, end=0.1, warmup=10, decay_steps=90) == pytest.approx(rate, rel=1e-12)


def test_resnet_without_warmup_begins_at_the_base_rate() -> None:
    assert warmup_polynomial(0, base=10.0, end=0.1, warmup=0, decay_steps=99) == 10.0
    assert warmup_polynomial(7, base=10.0, end=0.1, warmup=0, decay_steps=0) == 0.1


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.0), (5, 0.5), (10, 0.9), (50, 0.5), (100, 0.0), (200, 0.0)],
)
def test_bert_falls_onto_its_line_after_the_warmup(step: int, rate: float) -> None:
    assert warmup_linear(step, base=1.0, total=100, warmup=10) == pytest.approx(rate, rel=1e-12)


def test_bert_may_begin_inside_its_warmup() -> None:
    # The reference's entry at batch 8192: 287 steps from -76.
    at = [warmup_linear(step, base=287.0, total=600, warmup=287, warmup_start=-76) for step in (0, 210, 211)]
    assert at == pytest.approx([76.0, 286.0, 287 * 389 / 600], rel=1e-12)


@pytest.mark.parametrize(
    ("step", "epoch", "rate"),
    [(1, 1, 2 / 21), (19, 2, 20 / 21), (20, 3, 1.0), (49, 5, 1.0), (50, 6, 0.5), (60, 7, 0.25), (90, 10, 0.1)],
)
def test_rnnt_warms_up_holds_and_falls_epoch_by_epoch(step: int, epoch: int, rate: float) -> None:
    found = warmup_hold_exponential(
        step, epoch, base=1.0, minimum=0.1 if epoch > 7 else 0.0, warmup=2, hold=3, steps_per_epoch=10, gamma=0.5
    )
    assert found == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    ("step", "rate"), [(1, 2.4), (9, 21.6), (10, 24.0), (49, 24.0), (50, 24.0), (60, 6.0), (70, 0.0), (71, 0.0)]
)
def test_dlrm_warms_up_stays_and_falls_to_nothing(step: int, rate: float) -> None:
    found = warmup_constant_polynomial(step, base=24.0, warmup=10, decay_start=50, decay_steps=20)
    assert found == pytest.approx(rate, rel=1e-12)


def test_dlrm_without_decay_stays() -> None:
    assert warmup_constant_polynomial(10**6, base=24.0, warmup=10, decay_start=0, decay_steps=0) == 24.0


@pytest.mark.parametrize(
    ("step", "factor", "rate"), [(0, 0, 0.0), (5, 0, 0.5), (0, 1, 0.5), (0, 2, 0.75), (10, 2, 1.0)]
)
def test_ssd_warms_up_from_what_is_left_by_halvings(step: int, factor: float, rate: float) -> None:
    assert halving_warmup(step, base=1.0, steps=10, factor=factor) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(("step", "factor"), [(0, 0.2), (5, 0.6), (10, 1.0), (11, 1.0)])
def test_linear_warmup_begins_at_its_factor(step: int, factor: float) -> None:
    assert linear_warmup_factor(step, steps=10, start=0.2) == pytest.approx(factor, rel=1e-12)


def test_no_warmup_is_no_division_by_zero() -> None:
    assert linear_warmup_factor(0, steps=0) == 1.0
    assert halving_warmup(0, base=1.0, steps=0, factor=0) == 1.0


@pytest.mark.parametrize(("epoch", "rate"), [(0, 1.0), (39, 1.0), (40, 0.1), (49, 0.1), (50, 0.01), (90, 0.01)])
def test_boundary_belongs_to_what_follows(epoch: int, rate: float) -> None:
    assert with_boundaries(epoch, base=1.0, boundaries=(40, 50)) == pytest.approx(rate, rel=1e-12)


def test_rate_reaches_every_group() -> None:
    one, two = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [one]}, {"params": [two], "lr_factor": 2.0}], lr=1.0)
    set_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.5]

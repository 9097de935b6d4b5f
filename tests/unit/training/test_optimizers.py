"""LARS and LAMB against steps worked out by hand; the weights are such that norms are whole numbers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from levelfield.training.optimizers.lamb import Lamb  # noqa: E402
from levelfield.training.optimizers.lars import Lars  # noqa: E402


def weights(*values: float) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor(values, dtype=torch.float64))


def stepped(optimizer: torch.optim.Optimizer, parameter: torch.nn.Parameter, *gradient: float) -> list[float]:
    parameter.grad = torch.tensor(gradient, dtype=torch.float64)
    optimizer.step()
    return parameter.detach().tolist()


def test_lars_step_by_hand() -> None:
    w = weights(3.0, 4.0)  # norm 5
    optimizer = Lars([w], lr=2.0, momentum=0.5, weight_decay=0.1, trust=0.01)
    # norm of g 10; ratio 0.01 * 5 / (10 + 0.5); decayed g (6.3, 8.4); v = -2 * ratio * g = -(0.06, 0.08)
    assert stepped(optimizer, w, 6.0, 8.0) == pytest.approx([2.94, 3.92], abs=1e-15)
    # w is 0.98 * (3, 4), norm 4.9; ratio 0.01 * 4.9 / (10 + 0.49); decayed g (6.294, 8.392), of norm 10.49; so the step
    # is 2 * 0.049 along (0.6, 0.8), and v = -(0.03, 0.04) - (0.0588, 0.0784)
    assert stepped(optimizer, w, 6.0, 8.0) == pytest.approx([2.94 - 0.0888, 3.92 - 0.1184], abs=1e-14)


def test_lars_eps_is_in_the_denominator() -> None:
    w = weights(3.0, 4.0)
    optimizer = Lars([w], lr=1.0, momentum=0.0, weight_decay=0.0, trust=0.1, eps=10.0)
    # ratio 0.1 * 5 / (10 + 10) = 0.025
    assert stepped(optimizer, w, 6.0, 8.0) == pytest.approx([3 - 0.15, 4 - 0.2], abs=1e-15)


@pytest.mark.parametrize(
    ("start", "gradient", "after"),
    [
        ((0.0, 0.0), (6.0, 8.0), (-3.0, -4.0)),  # no weights: ratio 1
        ((3.0, 4.0), (0.0, 0.0), (3 - 0.15, 4 - 0.2)),  # no gradient: ratio 1 for the decay alone
    ],
)
def test_lars_ratio_is_one_where_a_norm_is_zero(
    start: tuple[float, ...], gradient: tuple[float, ...], after: tuple[float, ...]
) -> None:
    w = weights(*start)
    optimizer = Lars([w], lr=0.5, momentum=0.0, weight_decay=0.1, trust=0.01)
    assert stepped(optimizer, w, *gradient) == pytest.approx(after, abs=1e-15)


def test_lars_group_without_adaptation_is_momentum_without_decay() -> None:
    w = weights(3.0, 4.0)
    optimizer = Lars([{"params": [w], "adapt": False}], lr=0.1, momentum=0.5, weight_decay=0.1)
    assert stepped(optimizer, w, 6.0, 8.0) == pytest.approx([2.4, 3.2], abs=1e-15)
    assert stepped(optimizer, w, 6.0, 8.0) == pytest.approx([2.4 - 0.9, 3.2 - 1.2], abs=1e-15)


def test_lars_velocity_keeps_the_rate_of_its_step() -> None:
    w = weights(3.0, 4.0)
    optimizer = Lars([{"params": [w], "adapt": False}], lr=0.1, momentum=0.5)
    stepped(optimizer, w, 6.0, 8.0)
    optimizer.param_groups[0]["lr"] = 0.0
    assert w.detach().tolist() == pytest.approx([2.4, 3.2])
    assert stepped(optimizer, w, 6.0, 8.0) == pytest.approx([2.1, 2.8], abs=1e-15)


def test_lamb_steps_by_hand() -> None:
    w = weights(3.0, 4.0)
    optimizer = Lamb([w], lr=0.1, betas=(0.5, 0.75), eps=0.0, weight_decay=0.0)
    # Step 1: corrected moments are g and g squared, u = (1, 1), norm sqrt 2; step 0.1 * 5 / sqrt 2.
    assert stepped(optimizer, w, 2.0, 7.0) == pytest.approx([3 - 0.5 / 2**0.5, 4 - 0.5 / 2**0.5], abs=1e-15)


def test_lamb_second_step_by_hand() -> None:
    w = weights(1.0)
    optimizer = Lamb([w], lr=0.1, betas=(0.5, 0.75), eps=0.5, weight_decay=0.25)
    # 1: m 1, v 1, corrected 2 and 4: u = 2 / (2 + 0.5) + 0.25; ratio 1 / u: w = 1 - 0.1
    assert stepped(optimizer, w, 2.0) == pytest.approx([0.9], abs=1e-15)
    optimizer.param_groups[0]["adapt"] = False
    # 2: m 0.5 + 0.5 * 4 = 2.5, v 0.75 + 0.25 * 16 = 4.75; corrected 2.5 / 0.75 and 4.75 / 0.4375
    u = (10 / 3) / ((76 / 7) ** 0.5 + 0.5) + 0.25 * 0.9
    assert stepped(optimizer, w, 4.0) == pytest.approx([0.9 - 0.1 * u], abs=1e-14)


def test_lamb_ratio_is_one_where_a_norm_is_zero() -> None:
    w = weights(0.0, 0.0)
    optimizer = Lamb([w], lr=0.1, betas=(0.5, 0.75), eps=0.0, weight_decay=0.0)
    assert stepped(optimizer, w, 2.0, -7.0) == pytest.approx([-0.1, 0.1], abs=1e-15)


def test_lamb_group_sets_its_own_decay() -> None:
    kept, decayed = weights(1.0), weights(1.0)
    optimizer = Lamb(
        [{"params": [kept], "weight_decay": 0.0, "adapt": False}, {"params": [decayed], "adapt": False}],
        lr=0.1, betas=(0.0, 0.0), eps=0.0, weight_decay=0.5,
    )  # fmt: skip
    kept.grad, decayed.grad = torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    optimizer.step()
    assert (kept.item(), decayed.item()) == pytest.approx((0.9, 0.85), abs=1e-15)


@pytest.mark.parametrize("kind", [Lars, Lamb])
def test_state_goes_on_where_it_stopped(kind: type[torch.optim.Optimizer]) -> None:
    whole, resumed = weights(3.0, 4.0), weights(3.0, 4.0)
    first = kind([whole], lr=0.1)
    before = kind([resumed], lr=0.1)
    for optimizer, parameter in ((first, whole), (before, resumed)):
        stepped(optimizer, parameter, 1.0, 2.0)
    after = kind([resumed], lr=0.1)
    after.load_state_dict(before.state_dict())
    assert stepped(first, whole, 2.0, -1.0) == stepped(after, resumed, 2.0, -1.0)


@pytest.mark.parametrize("kind", [Lars, Lamb])
def test_parameters_without_gradient_stay(kind: type[torch.optim.Optimizer]) -> None:
    w = weights(3.0)
    kind([w], lr=0.1).step()
    assert w.item() == 3.0


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Lars, "lr", -0.1), (Lars, "momentum", 1.0), (Lars, "weight_decay", float("nan")), (Lars, "trust", -1.0),
        (Lamb, "lr", float("inf")), (Lamb, "betas", (0.9, 1.0)), (Lamb, "eps", -1e-9), (Lamb, "weight_decay", -1.0),
    ],
)  # fmt: skip
def test_impossible_number_is_refused(kind: type[torch.optim.Optimizer], name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        kind([weights(1.0)], **{"lr": 0.1, name: value})


@pytest.mark.parametrize("kind", [Lars, Lamb])
def test_sparse_gradient_is_refused(kind: type[torch.optim.Optimizer]) -> None:
    table = torch.nn.Embedding(4, 2, sparse=True)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(ValueError, match=r"needs dense gradients.*\(4, 2\)"):
        kind([table.weight], lr=0.1).step()

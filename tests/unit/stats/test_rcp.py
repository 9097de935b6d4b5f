"""The convergence test: the rules' own example, official points, and every way in which points can be missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from levelfield.stats.rcp import (
    Convergence,
    Floor,
    Method,
    Point,
    Reference,
    Status,
    floor_of,
    interpolate,
    judge_convergence,
    mean_without_ends,
    official_words,
    reference_of,
)

AT_128 = Point(batch_size=128, figures=(16, 14, 16, 17, 16, 16, 15, 16, 15, 16))
AT_256 = Point(batch_size=256, figures=(20, 21, 21, 20, 22, 22, 21, 21, 20, 20))
POINTS = (AT_256, AT_128)


def judged(figures: list[float], batch_size: float | None, *, failed: int = 0, how: Floor = Floor.CLOSED_FORM,
           points: tuple[Point, ...] = POINTS) -> Convergence:  # fmt: skip
    return judge_convergence(figures, failed=failed, batch_size=batch_size, points=points, runs=5, dropped=1, how=how)


@pytest.mark.parametrize(
    ("point", "mean", "sd", "floor", "speed_up"),
    [(AT_128, 15.75, 0.4330127, 15.2126211, 0.0353), (AT_256, 20.75, 0.6614378, 19.9291402, 0.0412)],
)
def test_the_example_of_the_rules(point: Point, mean: float, sd: float, floor: float, speed_up: float) -> None:
    reference = reference_of(point, dropped=1)
    assert (reference.mean, reference.runs) == (mean, 8)
    assert reference.sd == pytest.approx(sd, abs=5e-8)
    found = floor_of(reference, runs=5)
    assert found == pytest.approx(floor, abs=5e-8)
    assert reference.mean / found - 1 == pytest.approx(speed_up, abs=5e-5)
    assert floor_of(reference, runs=5, how=Floor.BISECT) == pytest.approx(floor, abs=1e-4)


def test_an_interpolated_point_counts_its_runs_undropped() -> None:
    ends = [reference_of(point, dropped=1) for point in (AT_128, AT_256)]
    reference = interpolate(*ends, 192, runs=5)
    assert (reference.mean, reference.runs, reference.batch_size) == (18.25, 10, 192)
    assert reference.sd == pytest.approx(0.5472253, abs=5e-8)
    assert floor_of(reference, runs=5) == pytest.approx(17.6030724, abs=5e-8)


def test_an_interpolated_point_of_a_real_entry() -> None:
    """resnet at 10240: the official search gives 42.618162."""
    low = Reference(batch_size=8192, mean=41.875, sd=0.7806247497997998, runs=8)
    high = Reference(batch_size=13056, mean=45.5, sd=0.5, runs=8)
    reference = interpolate(low, high, 10240, runs=5)
    assert (reference.mean, reference.sd) == pytest.approx((43.401316, 0.6624670), abs=5e-7)
    assert floor_of(reference, runs=5) == pytest.approx(42.618150, abs=5e-7)
    assert floor_of(reference, runs=5, how=Floor.BISECT) == pytest.approx(42.618162, abs=5e-7)


@pytest.mark.parametrize("how", Floor)
@pytest.mark.parametrize(
    ("batch_size", "figures", "mean", "status", "method", "words"),
    [
        (128, [15, 15, 15, 16, 16], 46 / 3, "pass", "exact", "RCP found"),
        (128, [15, 15, 15, 15, 16], 15, "fail", "exact", "RCP found"),
        (256, [19, 19, 19, 20, 21], 58 / 3, "fail", "exact", "RCP found"),
        (192, [17, 18, 18, 18, 20], 18, "pass", "interpolated", "RCP Interpolation"),
        (192, [17, 17, 17, 18, 20], 52 / 3, "fail", "interpolated", "RCP Interpolation"),
        (64, [15, 15, 16, 16, 16], 47 / 3, "pass", "below the smallest",
         "RCP not found but slower convergence on smaller batch size"),
        (64, [15, 15, 15, 15, 16], 15, "missing", "below the smallest", "Missing RCP, please submit RCP with BS = 64"),
    ],
)  # fmt: skip
def test_verdicts(
    *, batch_size: int, figures: list[float], mean: float, status: str, method: str, words: str, how: Floor
) -> None:
    found = judged(figures[::-1], batch_size, how=how)
    assert (found.status.value, found.method.value) == (status, method)
    assert found.mean == pytest.approx(mean, rel=1e-15)
    assert official_words(found) == (status == "pass", words)
    assert found.margin is not None
    assert (found.margin >= 0) == (status == "pass")
    assert (" is at or above the floor " in found.explanation) == (status == "pass")


@pytest.mark.parametrize(
    ("changes", "status", "method", "words"),
    [
        ({"batch_size": 512}, "missing", "above the largest", "Missing RCP, please submit RCP with BS = 512"),
        ({"batch_size": None}, "fail", "no batch size", "Could not detect global_batch_size"),
        ({"failed": 2, "figures": [16, 16, 16]}, "fail", "too many failed", "Insufficient convergence"),
        ({"points": ()}, "fail", "no points", "Cannot find any RCPs"),
        ({"figures": [16]}, "fail", "no figure", "RCP found"),
    ],
)
def test_what_cannot_be_tested(changes: dict[str, object], status: str, method: str, words: str) -> None:
    found = judged(**{"figures": [16, 16, 16, 16, 16], "batch_size": 128, **changes})  # type: ignore[arg-type]
    assert (found.status.value, found.method.value) == (status, method)
    assert (found.mean, found.floor, found.margin, found.reference) == (None, None, None, None)
    assert found.explanation.endswith(".")
    assert official_words(found) == (False, words)


def test_one_failed_run_counts_as_the_slowest() -> None:
    assert judged([15, 16, 16, 17], 128, failed=1).mean == pytest.approx(49 / 3)
    assert mean_without_ends([15, 16, 16, 17], failed=2, dropped=1) == pytest.approx((16 + 16 + 17 + 1e9) / 4)
    assert mean_without_ends([], failed=0, dropped=0) is None


def test_a_bypass_is_said_and_helps_only_against_points() -> None:
    failing = judged([15, 15, 15, 15, 16], 128)
    assert official_words(failing, bypass=True) == (True, "RCP found passed using rcp_bypass")
    assert failing.status is Status.FAIL
    between = judged([17, 17, 17, 18, 20], 192)
    assert official_words(between, bypass=True) == (True, "RCP Interpolation passed using rcp_bypass")
    above = judged([20, 20, 20, 20, 20], 512)
    assert official_words(above, bypass=True) == (False, "Missing RCP, please submit RCP with BS = 512")


@pytest.mark.parametrize("how", Floor)
def test_equal_figures_leave_no_room(how: Floor) -> None:
    points = (Point(batch_size=64, figures=(56,) * 10),)
    assert judged([56] * 5, 64, points=points, how=how).status is Status.PASS
    assert judged([55, 55.9, 55.9, 56, 57], 64, points=points, how=how).status is Status.FAIL


def test_three_official_points() -> None:
    """unet3d drops eight runs of forty, and yet counts 38."""
    rows = (
        (Reference(batch_size=8192, mean=41.875, sd=0.7806247497997998, runs=8), 5, 40.9062),
        (Reference(batch_size=56, mean=2203.25, sd=426.00, runs=80), 40, 2064.09),
        (Reference(batch_size=448, mean=2621696.0, sd=134649.32133838956, runs=18), 10, 2523807.95),
    )
    for reference, runs, floor in rows:
        assert floor_of(reference, runs=runs) == pytest.approx(floor, abs=0.006)


def test_a_point_of_too_few_runs() -> None:
    with pytest.raises(ValueError, match="found 2, expected more than 2"):
        reference_of(replace(AT_128, figures=(1, 2)), dropped=1)


def test_methods_have_words() -> None:
    for method in Method:
        one = Convergence(
            status=Status.FAIL, method=method, batch_size=1.5, mean=None, floor=None, reference=None, explanation=""
        )
        passed, words = official_words(one)
        assert not passed
        assert bool(words) == (method is not Method.NOT_TESTED)


def test_explanations() -> None:
    assert judged([15, 15, 15, 15, 16], 64).explanation == (
        "The mean 15.0000 is below the floor 15.2126 of the smallest point, at batch size 128 (mean 15.7500); "
        "a point at 64 has to be submitted."
    )
    assert judged([17, 18, 18, 18, 20], 192).explanation == (
        "The mean 18.0000 is at or above the floor 17.6031 of the point interpolated for batch size 192 (mean 18.2500)."
    )
    assert judged([1] * 5, 512).explanation == (
        "The largest point is at batch size 256; one at 512 has to be submitted."
    )

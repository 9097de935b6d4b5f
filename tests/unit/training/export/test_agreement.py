"""Model files beside their network: by hand on a layer whose outputs are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from levelfield.errors import ModelError  # noqa: E402
from levelfield.training.export.agreement import compared  # noqa: E402
from levelfield.training.export.parts import Answers, Part  # noqa: E402
from levelfield.workloads.onnx_files import Graph  # noqa: E402
from levelfield.workloads.task import Precision  # noqa: E402


class Scaled(torch.nn.Module):
    """Two outputs: the input times a factor, and how many numbers there are."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x * self.factor, torch.ones_like(x, dtype=torch.int64).sum(dim=1)


def graph(factor: float) -> Graph:
    return Graph(
        network=Scaled(factor), example=(torch.zeros(1, 2),), reads={"x": {0: "rows"}},
        returns={"scaled": {0: "rows"}, "count": {0: "rows"}},
    )  # fmt: skip


def part(factor: float, answers: Answers | None) -> Part:
    trials = [{"x": np.array([[1.0, 4.0]], np.float32)}, {"x": np.array([[-8.0, 2.0]], np.float32)}]
    return Part(graph=graph(factor), trials=trials, answers=answers, quantise=lambda source, target: None)


def files(folder: Path, fp32: float, int8: float) -> dict[Precision, Path]:
    paths = {Precision.FP32: folder / "a.onnx", Precision.INT8: folder / "b.onnx"}
    graph(fp32).write(paths[Precision.FP32])
    graph(int8).write(paths[Precision.INT8])
    return paths


def test_difference_is_a_share_of_the_largest_value_and_answers_are_counted(tmp_path: Path) -> None:
    def above(outputs: dict[str, np.ndarray]) -> np.ndarray:
        return outputs["scaled"] > 4.2

    # Torch says 1, 4, -8, 2; the int8 file 1.1 times as much: off by 0.8 where 8 is the largest, and 4.4 is above.
    found = compared(part(1.0, above), files(tmp_path, 1.0, 1.1))
    assert (found[Precision.FP32].difference, found[Precision.FP32].same, found[Precision.FP32].answers) == (0, 4, 4)
    assert found[Precision.INT8].difference == pytest.approx(0.1, rel=1e-5)
    assert (found[Precision.INT8].same, found[Precision.INT8].answers) == (3, 4)


def test_file_without_answers_of_its_own_has_none(tmp_path: Path) -> None:
    found = compared(part(1.0, None), files(tmp_path, 1.0, 1.0))
    assert (found[Precision.FP32].same, found[Precision.FP32].answers) == (0, 0)


@pytest.mark.parametrize("factor", [1.0002, float("nan"), float("inf")])
def test_fp32_file_that_differs_is_an_error(tmp_path: Path, factor: float) -> None:
    with pytest.raises(ModelError, match=r"a\.onnx does not do what the trained network does"):
        compared(part(1.0, None), files(tmp_path, factor, 1.0))


def test_int8_file_may_differ_but_not_give_what_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"b\.onnx does not do"):
        compared(part(1.0, None), files(tmp_path, 1.0, float("nan")))

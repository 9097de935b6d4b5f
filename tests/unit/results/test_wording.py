"""How the name may be written, and how not."""

from __future__ import annotations

import pytest

from levelfield.results.messaging import LEGEND, MIXED
from levelfield.results.wording import lint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "levelfield results",
        "A score on the MLPerf® Inference v2.0 Closed ResNet-50 benchmark.",
        "MLPerf® v0.5 Inference Closed ResNet-v1.5 offline.",
        LEGEND,
        MIXED,
        LEGEND.replace(" ", "\n"),
        "the file `mlperf.conf`, mlperf_log_detail.txt and https://github.com/mlcommons/mlperf",
    ],
)
def test_fine(text: str) -> None:
    assert lint(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the MLPerf Inference v2.0 benchmark", "the notice symbol: MLPerf®"),
        ("MLPerf® is fast", "the full benchmark name after it, as MLPerf® Inference v2.0"),
        ("MLPerf® Inferences", "the full benchmark name after it, as MLPerf® Inference v2.0"),
        ("MLPerf's rules", "no possessive, plural or verb of the name"),
        ("MLPerf®'s rules", "no possessive, plural or verb of the name"),
        ("two MLPerfs", "no possessive, plural or verb of the name"),
        ("we MLPerfed it", "no possessive, plural or verb of the name"),
        ("ML Perf® Inference v2.0", "the name as it is registered, MLPerf"),
        ("ML-Perf® Inference v2.0", "the name as it is registered, MLPerf"),
        ("MLPERF® Inference v2.0", "the name as it is registered, MLPerf"),
    ],
)
def test_not_fine(text: str, expected: str) -> None:
    assert [wording.expected for wording in lint(text)] == [expected]


def test_every_use_is_found_with_its_line() -> None:
    found = lint("fine\nMLPerf's and mlperf\n\nMLPerf® Tiny v0.7\nMLPerf.")
    assert [(wording.line, wording.found.split()[0]) for wording in found] == [
        (2, "MLPerf's"),
        (2, "mlperf"),
        (5, "MLPerf."),
    ]
    assert str(found[2]) == "line 5: found 'MLPerf.', expected the notice symbol: MLPerf®."

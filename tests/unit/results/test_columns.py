"""The long table's rows, and reading them back."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path

import pytest
from results import result, summary_results

from levelfield.errors import InputError
from levelfield.results.columns import LONG, result_id, result_of, row_of
from levelfield.results.model import Verification


def test_row_by_hand() -> None:
    row = row_of(result(findings=("INF001",), compliant=None, verification=Verification.UNKNOWN, inferred=True))
    assert {name: row[name] for name in ("suite", "version", "system_type", "accelerators_total", "compliant")} == {
        "suite": "inference",
        "version": "v2.0",
        "system_type": "datacenter",
        "accelerators_total": 8,
        "compliant": None,
    }
    assert row["accuracy"] == '{"acc":76.1}'
    assert row["latencies_ns"] == '{"50.00":1000000,"99.00":2000000}'
    assert row["findings"] == '["INF001"]'
    assert row["footnotes"] == "unverified inferred legend"
    assert row["source_path"] == "closed/Acme/results/box-8/resnet50/Offline"


def test_every_field_of_a_result_is_in_the_row() -> None:
    """A field that is added to the model and forgotten here would be lost in every export."""
    one = result()
    leaves = len(fields(one)) - 2 + len(fields(one.system)) - 2 + 3 + 3 + len(fields(one.provenance))
    assert len(LONG) == leaves + 4  # result_id, suite, version, footnotes follow from others


def test_rows_of_a_published_round_read_back(shared_data: Path) -> None:
    for one in summary_results(shared_data / "groundtruth" / "inference-v2.0-summary.csv"):
        assert result_of(json.loads(json.dumps(row_of(one)))) == one


def test_id_does_not_depend_on_the_source() -> None:
    assert result_id(result(source="a")) == result_id(result(source="b"))
    assert result_id(result()) != result_id(result(scenario="Server"))
    assert len(result_id(result())) == 16


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"value": "fast"}, "value: found 'fast', expected a finite number."),
        ({"value": None}, "value: found None, expected a finite number."),
        ({"value": math.nan}, "value: found nan, expected a finite number."),
        ({"nodes": 1.5}, "nodes: found 1.5, expected a whole number or nothing."),
        ({"nodes": True}, "nodes: found True, expected a whole number or nothing."),
        ({"inferred": "yes"}, "inferred: found 'yes', expected true or false."),
        ({"direction": "up"}, "direction: found 'up', expected one of higher, lower."),
        ({"submitter": 7}, "submitter: found 7, expected text."),
        ({"accuracy": "[1]"}, "accuracy: found '[1]', expected an object of numbers."),
        ({"accuracy": "{"}, "accuracy: found '{', expected an object of numbers."),
        ({"accuracy": {"a": math.inf}}, "accuracy: found {'a': inf}, expected an object of numbers."),
        ({"findings": [1]}, "findings: found [1], expected an array of texts."),
        ({"run_minutes": ["x"]}, "run_minutes: found ['x'], expected an array of numbers."),
    ],
)
def test_wrong_cells_are_named(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        result_of({**row_of(result()), **changes}, place="file.json, row 3")
    assert caught.value.message == "file.json, row 3 is not a row of the long table of results."
    assert caught.value.problems == (problem,)


def test_all_problems_come_together() -> None:
    row = {**row_of(result()), "value": "x", "nodes": "y"}
    del row["submitter"]
    with pytest.raises(InputError) as caught:
        result_of(row)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["submitter", "nodes", "value"]


def test_deep_json_is_a_problem_and_no_crash() -> None:
    with pytest.raises(InputError):
        result_of({**row_of(result()), "accuracy": "[" * 100_000})

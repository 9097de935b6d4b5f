"""The long and the wide table, by hand and from a published round."""

from __future__ import annotations

from pathlib import Path

import pytest
from results import accelerators, result, summary_results

from levelfield.errors import InputError
from levelfield.results.model import Direction, Verification
from levelfield.results.table import long_table, wide_tables

SERVER = {"scenario": "Server", "unit": "Queries/s"}


def test_wide_table_has_a_row_for_a_system() -> None:
    (table,) = wide_tables(
        [
            result(value=8000.0, power_value=400.0, power_unit="Watts"),
            result(value=6000.0, **SERVER, inferred=True, verification=Verification.UNKNOWN),
            result(value=900.0, submitter="Other", system=accelerators(1, name="Small")),
        ]
    )
    assert table.name == "inference-v2.0-datacenter-closed"
    assert [column.title for column in table.measured] == [
        "resnet50 Offline Samples/s",
        "resnet50 Offline Watts",
        "resnet50 Server Queries/s",
    ]
    assert [[cell and cell.value for cell in row.cells] for row in table.rows] == [
        [8000.0, 400.0, 6000.0],
        [900.0, None, None],
    ]
    assert table.rows[0].cells[2].marks == ("≈", "unverified")
    assert dict(zip(table.head, table.rows[0].head, strict=True)) == {
        "ID": "ID not assigned",
        "Submitter": "Acme",
        "Availability": "available",
        "System": "Big Box",
        "Nodes": "2",
        "Processor": "Host 9000",
        "Processors per node": "2",
        "Total processors": "4",
        "Accelerator": "Chip A100",
        "Accelerators per node": "4",
        "Total accelerators": "8",
        "Software": "Runtime 1.0",
        "Notes": "",
    }


def test_open_table_adds_model_and_accuracy() -> None:
    (table,) = wide_tables([result(division="open", model_used="ofa")])
    assert table.head[-2:] == ("Model used", "Accuracy")
    assert table.rows[0].head[-2:] == ("ofa", "acc 76.1")


def test_no_accelerators_are_left_empty() -> None:
    (table,) = wide_tables([result(system=accelerators(0, model="-"))])
    head = dict(zip(table.head, table.rows[0].head, strict=True))
    assert (head["Accelerator"], head["Accelerators per node"], head["Total accelerators"]) == ("", "", "")


def test_two_results_for_one_cell_are_an_error_with_both_places() -> None:
    with pytest.raises(InputError) as caught:
        wide_tables([result(source="a"), result(source="b")])
    path = "closed/Acme/results/box-8/resnet50/Offline"
    assert caught.value.problems == (f"resnet50 Offline Samples/s of box-8: a:{path} and b:{path}.",)


def test_void_mini_and_quick_results_are_no_part_of_it() -> None:
    (table,) = wide_tables(
        [
            result(),
            result(void=True, **SERVER),
            result(scenario="x", edition="mini"),
            result(scenario="y", official=False),
        ]
    )
    assert (len(table.measured), table.left_out) == (1, 3)
    assert wide_tables([]) == ()


def test_system_of_both_types_is_in_both_sheets() -> None:
    tables = wide_tables([result(system={"type": "edge,datacenter"})])
    assert [table.system_type for table in tables] == ["datacenter", "edge"]


def test_training_has_a_column_for_a_benchmark() -> None:
    (table,) = wide_tables(
        [
            result(
                round="training-v1.1", benchmark="bert", scenario="", metric="minutes to train", unit="minutes",
                direction=Direction.LOWER, system={"type": ""},
            )
        ]
    )  # fmt: skip
    assert (table.name, table.measured[0].title) == ("training-v1.1-closed", "bert minutes to train")


def test_long_table_is_ordered_and_whole(shared_data: Path) -> None:
    found = summary_results(shared_data / "groundtruth" / "inference-v2.0-summary.csv")
    table = long_table(found)
    assert len(table.rows) == 111
    assert table == long_table(found[::-1])
    assert table.footnotes[-1].code == "legend"


def test_wide_tables_of_a_published_round(shared_data: Path) -> None:
    found = summary_results(shared_data / "groundtruth" / "inference-v2.0-summary.csv")
    tables = wide_tables(found)
    assert [(table.name, len(table.rows), len(table.measured)) for table in tables] == [
        ("inference-v2.0-datacenter-closed", 3, 16),
        ("inference-v2.0-datacenter-open", 11, 4),
        ("inference-v2.0-edge-closed", 14, 22),
        ("inference-v2.0-edge-open", 1, 1),
    ]
    cells = sum(cell is not None for table in tables for row in table.rows for cell in row.cells)
    assert cells == 164  # every row of the summary once

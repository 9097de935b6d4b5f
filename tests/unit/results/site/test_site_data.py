from __future__ import annotations

import json
import math
import re

from results import accelerators, result
from site_results import HOSTILE, hostile, synthetic

from levelfield.results.site.catalog import catalog_of
from levelfield.results.site.comparable import comparable_sets
from levelfield.results.site.data import COLUMNS, data_files


def decoded(text: str) -> dict[str, object]:
    """What the browser makes of a data file: a call with one string, which holds JSON."""
    matched = re.fullmatch(r"LF\.load\('(.*)'\);\n", text, re.DOTALL)
    assert matched
    assert "\n" not in matched[1]
    source = re.sub(
        r"\\(x3c|u2028|u2029|.)",
        lambda m: {"x3c": "<", "u2028": "\u2028", "u2029": "\u2029"}.get(m[1], m[1]),
        matched[1],
    )
    return json.loads(source)


def rows(text: str) -> list[dict[str, object]]:
    document = decoded(text)
    columns = document["columns"]
    assert isinstance(columns, dict)
    spread = {
        key: values if isinstance(values, list) else [values["texts"][n] for n in values["rows"]]
        for key, values in columns.items()
    }
    return [dict(zip(spread, row, strict=True)) for row in zip(*spread.values(), strict=True)]


def test_rows_come_back_as_they_were_with_derived_numbers() -> None:
    entries = catalog_of([result(power_value=400.0, power_unit="Watts")]).entries
    [(name, text)] = data_files(entries)
    assert name == "data/inference.js"
    [row] = rows(text)
    assert row["system"] == "Big Box"
    assert (row["value"], row["unit"], row["accelerators"]) == (8000.0, "Samples/s", 8)
    assert (row["per_accelerator"], row["per_watt"]) == (1000.0, 20.0)
    assert (row["verification"], row["system_page"]) == ("verified", "inference-v2.0-acme-box-8")


def test_each_suite_has_a_file_of_its_own() -> None:
    entries = catalog_of([result(), result(round="training-v1.1", unit="minutes", scenario="")]).entries
    assert [name for name, _ in data_files(entries)] == ["data/inference.js", "data/training.js"]


def test_hostile_texts_can_neither_end_the_script_nor_the_line_and_come_back() -> None:
    for _, text in data_files(catalog_of(hostile()).entries):
        assert "<" not in text
        assert "\u2028" not in text
        found = rows(text)
        assert HOSTILE in [row["notes"] for row in found]
        assert {"NaN", "Infinity", -5.0} <= {row["value"] for row in found}
        json.dumps(found, allow_nan=False)


def test_ten_thousand_rows_stay_within_three_megabytes() -> None:
    entries = catalog_of(synthetic(10_000)).entries
    [(_, text)] = data_files(entries)
    assert len(text.encode()) <= 3_000_000
    assert len(rows(text)) == 10_000


def test_keys_are_unique_and_a_hidden_column_is_never_shown() -> None:
    keys = [column.key for column in COLUMNS]
    assert len(set(keys)) == len(keys)
    assert not [column.key for column in COLUMNS if column.hidden and (column.shown or column.facet)]


def sets_of(*results: object) -> list[str]:
    entries = catalog_of(results).entries  # type: ignore[arg-type]
    sets = comparable_sets(entries)
    return [sets[entry.number] for entry in entries]


def test_rounds_that_fit_together_and_division_and_chips_do_not_part_sets() -> None:
    same = sets_of(
        result(round="inference-v1.1"),
        result(division="open"),
        result(system=accelerators(2)),
        result(power_value=3.0, power_unit="Watts"),
    )
    assert len(set(same)) == 1


def test_a_round_joins_system_types_and_a_type_joins_rounds() -> None:
    types = [{"type": kind, "id": kind} for kind in ("datacenter", "edge")]
    every = sets_of(*(result(round=name, system=one) for name in ("inference-v1.1", "inference-v2.0") for one in types))
    assert len(set(every)) == 1


def test_scenario_benchmark_edition_and_a_changed_benchmark_part_sets() -> None:
    apart = sets_of(
        result(),
        result(scenario="Server", unit="Queries/s"),
        result(benchmark="bert-99"),
        result(edition="mini"),
        result(official=False),
        result(scenario="MultiStream", unit="Latency (ms)"),
        result(scenario="MultiStream", unit="streams", round="inference-v1.1"),
    )
    assert len(set(apart)) == 7


def test_nan_is_a_text_in_the_file_since_json_has_none() -> None:
    [(_, text)] = data_files(catalog_of([result(value=math.nan)]).entries)
    assert decoded(text)["columns"]["value"] == ["NaN"]  # type: ignore[index]

"""Law: whatever stands in place of a value of ``result.json``, reading the folder gives a run or an error, no crash."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_runs import server

from levelfield.errors import InputError
from levelfield.inference.result import Implementation
from levelfield.submission.package.run_folder import read_run_folder

IMPLEMENTATION = Implementation(
    name="levelfield-onnxruntime",
    input_data_types="fp32",
    weight_data_types="int8",
    starting_weights_filename="mine.onnx",
    weight_transformations=None,
    retraining=None,
    command=("levelfield", "inference", "run"),
)
RESULT = replace(server().result, system_id="host", implementation=IMPLEMENTATION).to_json()
DOCUMENT = json.dumps(
    {
        "schema": "levelfield.inference-run/1",
        "results": [json.loads(RESULT)],
        "accuracy": [],
        "failures": ["It broke."],
        "interrupted": False,
    }
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("../x\0"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a document but the root."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in entries for place in ((*path, key), *places(inner, (*path, key)))]


PLACES = places(json.loads(DOCUMENT))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_results_are_told(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    document = json.loads(DOCUMENT)
    *way, last = data.draw(st.sampled_from(PLACES))
    target = document
    for key in way:
        target = target[key]
    if isinstance(target, dict) and data.draw(st.booleans()):
        del target[last]
    else:
        target[last] = data.draw(JUNK)
    folder = tmp_path_factory.getbasetemp()
    (folder / "result.json").write_text(json.dumps(document), errors="surrogatepass")
    with suppress(InputError):
        read_run_folder(folder)

"""Results are read back as they were written, with and without what was recorded later."""

from __future__ import annotations

import json
from dataclasses import replace

from report_runs import server

from levelfield.inference.result import Implementation, InferenceResult

IMPLEMENTATION = Implementation(
    name="levelfield-onnxruntime",
    input_data_types="fp32",
    weight_data_types="int8",
    starting_weights_filename="mine.onnx",
    weight_transformations=None,
    retraining=None,
    command=("levelfield", "inference", "run"),
)


def test_result_with_its_implementation_is_read_back() -> None:
    result = replace(server().result, system_id="host", implementation=IMPLEMENTATION)
    assert InferenceResult.from_dict(json.loads(result.to_json())) == result


def test_result_from_before_the_implementation_was_recorded_is_read() -> None:
    data = json.loads(server().result.to_json())
    del data["implementation"], data["system_id"]
    found = InferenceResult.from_dict(data)
    assert (found.implementation, found.system_id) == (None, "")


def test_result_that_was_read_back_is_the_same() -> None:
    result = server().result
    assert InferenceResult.from_dict(json.loads(result.to_json())) == result

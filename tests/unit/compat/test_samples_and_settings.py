from __future__ import annotations

import copy
import pickle

import pytest

from levelfield.compat import mlperf_loadgen as lg


def test_objects_survive_pickling_with_their_token_count() -> None:
    response = pickle.loads(pickle.dumps(lg.QuerySampleResponse(1, 2, 3, 4)))
    assert (response.id, response.data, response.size, response.n_tokens) == (1, 2, 3, 4)
    sample = pickle.loads(pickle.dumps(lg.QuerySample(5, 6)))
    assert (sample.id, sample.index) == (5, 6)


def test_vectors_are_lists() -> None:
    vector = lg.VectorQuerySampleResponse([lg.QuerySampleResponse(1, 2, 3)])
    vector.append(lg.QuerySampleResponse(4, 5, 6))
    assert [response.id for response in vector] == [1, 4]
    assert vector.pop(0).id == 1
    assert not lg.VectorQuerySample()


def test_copied_settings_are_their_own() -> None:
    settings = lg.TestSettings()
    settings.min_query_count = 7
    copied = copy.copy(settings)
    copied.min_query_count = 8
    assert (settings.min_query_count, copied.min_query_count) == (7, 8)


def test_log_output_is_read_in_place_and_assigned_by_copy() -> None:
    logs, output = lg.LogSettings(), lg.LogOutputSettings()
    logs.log_output.prefix = "in_place_"
    assert logs.log_output.prefix == "in_place_"
    output.prefix = "assigned_"
    logs.log_output = output
    output.prefix = "later_"
    assert logs.log_output.prefix == "assigned_"


def test_refused_value_says_where_what_and_what_was_expected() -> None:
    settings = lg.TestSettings()
    with pytest.raises(TypeError, match=r"TestSettings\.min_query_count: found -1, expected a whole number from 0 to"):
        settings.min_query_count = -1
    with pytest.raises(TypeError, match=r"TestSettings\.scenario: found 2, expected a TestScenario\."):
        settings.scenario = 2
    with pytest.raises(AttributeError):
        settings.misspelt = 1
    with pytest.raises(AttributeError):
        del settings.mode

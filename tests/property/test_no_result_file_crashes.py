"""Law: whatever JSON stands in a result file, reading it gives results or an error that names what is wrong."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from own_runs import own_result
from results import result

from levelfield.errors import InputError, UsageError
from levelfield.results.columns import result_of, row_of
from levelfield.results.own import own_results

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([at] if at else []), *(place for key, part in inner for place in places(part, (*at, key)))]


def put(document: Any, place: tuple[Any, ...], value: Any) -> None:
    for key in place[:-1]:
        document = document[key]
    document[place[-1]] = value


@settings(max_examples=150)
@given(st.data())
def test_own_run_with_something_else_in_it(data: st.DataObject) -> None:
    document = {"schema": "levelfield.inference-run/1", "results": [copy.deepcopy(own_result())]}
    for _ in range(data.draw(st.integers(1, 3))):
        put(document, data.draw(st.sampled_from(places(document))), data.draw(JSON))
    with suppress(InputError, UsageError):  # a round or benchmark that does not exist is a UsageError
        assert len(own_results(document, shown="result.json", name="run/result.json", sha256="")) == 1


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(sorted(row_of(result()))), JSON, max_size=4))
def test_row_with_something_else_in_it(changes: dict[str, Any]) -> None:
    with suppress(InputError):
        found = result_of({**row_of(result()), **changes}, place="a row")
        assert result_of(row_of(found)) == found

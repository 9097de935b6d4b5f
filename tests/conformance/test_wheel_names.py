"""The compatibility module has the wheel's public names, arguments, members and defaults: as the wheel says itself."""

from __future__ import annotations

import inspect
import re

import pytest

from levelfield.compat import mlperf_loadgen as ours

wheel = pytest.importorskip("mlperf_loadgen", reason="the wheel mlcommons-loadgen is not installed")

FUNCTIONS = [name for name in dir(wheel) if inspect.isbuiltin(getattr(wheel, name))]
ENUMS = ["LoggingMode", "TestMode", "TestScenario"]
RECORDS = ["LogOutputSettings", "LogSettings", "TestSettings"]
OBJECTS = ["QuerySample", "QuerySampleResponse"]
TYPES = {"int": 3, "str": "text", "float": 2.5, "bool": True}


def public(thing: object) -> list[str]:
    return [name for name in dir(thing) if not name.startswith("_")]


def test_public_names_are_equal() -> None:
    assert public(ours) == public(wheel)
    assert sorted(ours.__all__) == public(wheel)


def test_every_name_is_compared_below() -> None:
    vectors = ["VectorQuerySample", "VectorQuerySampleResponse"]
    assert sorted(FUNCTIONS + ENUMS + RECORDS + OBJECTS + vectors) == public(wheel)


def documented(function: object) -> list[tuple[str, bool, object]]:
    """(name, positional only, default) of each argument, from the first line of a pybind11 docstring."""
    line = str(function.__doc__).splitlines()[0]
    inside = line[line.index("(") + 1 : line.rindex(") ->")]
    # Commas within brackets separate no arguments.
    while (flat := re.sub(r"\[[^\[\]]*\]", "", inside)) != inside:
        inside = flat
    found = []
    for part in inside.split(", "):
        name, _, rest = part.partition(": ")
        default = rest.split(" = ")[1] if " = " in rest else "none"
        found.append((name, name.startswith("arg"), default.strip("'")))
    return [argument for argument in found if argument[0] != "self"]


def accepted(function: object) -> list[tuple[str, bool, object]]:
    """The same of a Python function."""
    found = []
    for index, parameter in enumerate(inspect.signature(function).parameters.values()):
        positional = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        default = "none" if parameter.default is inspect.Parameter.empty else str(parameter.default)
        found.append((f"arg{index}" if positional else parameter.name, positional, default))
    return [argument for argument in found if argument[0] != "self"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_the_same_arguments(name: str) -> None:
    assert accepted(getattr(ours, name)) == documented(getattr(wheel, name))


def test_from_config_takes_the_same_arguments() -> None:
    assert accepted(ours.TestSettings.FromConfig) == documented(wheel.TestSettings.FromConfig)


def test_argument_comparison_sees_a_difference() -> None:
    assert documented(wheel.StartTest)[3] == ("audit_config_filename", False, "audit.config")
    assert documented(wheel.ConstructFastSUT) == [("arg0", True, "none"), ("arg1", True, "none")]


@pytest.mark.parametrize("name", ENUMS)
def test_enums_have_the_same_members(name: str) -> None:
    mine, theirs = getattr(ours, name), getattr(wheel, name)
    assert {key: int(value) for key, value in mine.__members__.items()} == {
        key: int(value) for key, value in theirs.__members__.items()
    }
    assert public(mine) == public(theirs)
    for member in theirs.__members__:
        one, other = getattr(mine, member), getattr(theirs, member)
        assert (one.name, one.value, str(one), repr(one)) == (other.name, other.value, str(other), repr(other))
    assert repr(mine(9)) == repr(theirs(9))


@pytest.mark.parametrize("name", RECORDS)
def test_settings_have_the_same_fields_and_defaults(name: str) -> None:
    mine, theirs = getattr(ours, name)(), getattr(wheel, name)()
    assert public(mine) == public(theirs)
    for field in public(theirs):
        value = getattr(theirs, field)
        if type(value).__module__ == "builtins" and not callable(value):
            assert getattr(mine, field) == value
            assert type(getattr(mine, field)) is type(value)
        elif hasattr(value, "value"):
            assert repr(getattr(mine, field)) == repr(value)


def outcome(record: object, field: str, value: object) -> object:
    """What a field holds after an assignment, or which error there was."""
    try:
        setattr(record, field, value)
    except (TypeError, AttributeError) as error:
        return type(error)
    return getattr(record, field)


@pytest.mark.parametrize(
    "value",
    [0, 1, -1, 1 << 31, 1 << 63, 1 << 64, 1.0, 2.5, float("inf"), True, None, "3", "text", b"bytes", [], 1 + 2j],
    ids=repr,
)
@pytest.mark.parametrize("name", RECORDS)
def test_settings_take_and_refuse_the_same_values(name: str, value: object) -> None:
    mine, theirs = getattr(ours, name)(), getattr(wheel, name)()
    for field in public(theirs):
        if not callable(getattr(theirs, field)) and field != "log_output":
            before = repr(getattr(theirs, field))
            found = [outcome(record, field, value) for record in (mine, theirs)]
            assert repr(found[0]) == repr(found[1]), f"{field} = {value!r}, was {before}"


def test_numpy_numbers_are_taken_alike() -> None:
    np = pytest.importorskip("numpy")
    for value in (np.int64(4), np.uint8(4), np.float32(4), np.float64(4.5), np.bool_(True)):
        for field in ("min_query_count", "server_target_qps", "print_timestamps"):
            mine, theirs = ours.TestSettings(), wheel.TestSettings()
            assert outcome(mine, field, value) == outcome(theirs, field, value), (field, value)


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_have_the_same_fields_and_defaults(name: str) -> None:
    mine, theirs = getattr(ours, name)(), getattr(wheel, name)()
    assert public(mine) == public(theirs)
    for field in public(theirs):
        assert getattr(mine, field) == getattr(theirs, field) == 0
    with pytest.raises(AttributeError):
        mine.other = 1
    with pytest.raises(TypeError):
        getattr(ours, name)(id=1)


def test_objects_are_made_from_the_same_arguments() -> None:
    for module in (ours, wheel):
        sample = module.QuerySample(5, 6)
        assert (sample.id, sample.index) == (5, 6)
        response = module.QuerySampleResponse(1, 2, 3)
        assert (response.id, response.data, response.size, response.n_tokens) == (1, 2, 3, 0)
        assert module.QuerySampleResponse(1, 2, 3, -4).n_tokens == -4


@pytest.mark.parametrize("module", [ours, wheel], ids=["ours", "wheel"])
def test_constructors_refuse_what_cannot_be_called(module: object) -> None:
    for attempt in (
        lambda: module.ConstructSUT(1, print),
        lambda: module.ConstructFastSUT(print, 2),
        lambda: module.ConstructQDL(print, print, "name"),
        lambda: module.ConstructQSL(-1, 2, print, print),
        lambda: module.ConstructQSL(1, 2.5, print, print),
        lambda: module.ConstructSUT(issue_cb=print, flush_queries_cb=print),
        lambda: module.DestroySUT("handle"),
        lambda: module.StartTest(1),
        lambda: module.QuerySamplesComplete(None),
        lambda: module.TestSettings(1),
    ):
        with pytest.raises(TypeError):
            attempt()


@pytest.mark.parametrize("module", [ours, wheel], ids=["ours", "wheel"])
def test_no_responses_are_nothing(module: object) -> None:
    for responses in ([], ()):
        assert module.QuerySamplesComplete(responses) is None
        assert module.FirstTokenComplete(responses=responses, response_cb=None) is None

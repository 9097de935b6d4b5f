from __future__ import annotations

import copy
import pickle

import pytest

from levelfield.compat.mlperf_loadgen import LoggingMode, TestMode, TestScenario


def test_member_shows_name_value_and_index() -> None:
    member = TestScenario.Server
    assert (member.name, member.value, int(member)) == ("Server", 2, 2)
    assert ["a", "b", "c"][member] == "c"
    assert str(member) == "TestScenario.Server"
    assert repr(member) == "<TestScenario.Server: 2>"
    assert member.Offline == TestScenario.Offline


def test_members_are_made_from_numbers() -> None:
    assert TestScenario(2) == TestScenario.Server
    assert TestScenario(value=2) == TestScenario.Server
    assert TestMode(True).name == "AccuracyOnly"
    assert repr(TestScenario(-7)) == "<TestScenario.???: -7>"


@pytest.mark.parametrize("value", ["Server", 2.0, None, 1 << 31])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        TestScenario(value)


def test_members_equal_only_their_own_type() -> None:
    assert TestScenario.Server != 2
    assert TestScenario.Server != TestMode.PerformanceOnly
    assert {TestScenario.Server: "x"}[TestScenario(2)] == "x"


def test_members_cannot_be_ordered_iterated_or_changed() -> None:
    with pytest.raises(TypeError):
        assert TestScenario.Server < TestScenario.Offline
    with pytest.raises(TypeError):
        list(TestScenario)
    with pytest.raises(AttributeError):
        TestScenario.Server.name = "x"


def test_members_survive_copying_and_pickling() -> None:
    for member in LoggingMode.__members__.values():
        assert pickle.loads(pickle.dumps(member)) == copy.deepcopy(member) == copy.copy(member) == member

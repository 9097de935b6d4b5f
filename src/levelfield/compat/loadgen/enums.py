"""Enumerations that behave as pybind11 makes them, which is not as Python's own do.

They can be made from any 32-bit number, are equal only to members of their own type, cannot be iterated or ordered,
and are plain indices.
"""

from __future__ import annotations

import operator
from typing import ClassVar, Self, SupportsIndex

__all__ = ["BoundEnum", "LoggingMode", "TestMode", "TestScenario"]

INT_BITS = 32


class BoundEnum:
    """Base of the three enumerations. A subclass names its members, which count from 0."""

    __slots__ = ("_number",)
    __members__: ClassVar[dict[str, BoundEnum]]
    _number: int

    def __init__(self, value: SupportsIndex) -> None:
        number = operator.index(value)
        if not -(1 << INT_BITS - 1) <= number < 1 << INT_BITS - 1:
            raise TypeError(f"{type(self).__name__}: found {number}, expected a signed 32-bit number.")
        object.__setattr__(self, "_number", number)

    def __init_subclass__(cls, *, members: tuple[str, ...]) -> None:
        cls.__members__ = {name: cls(number) for number, name in enumerate(members)}
        for name, member in cls.__members__.items():
            setattr(cls, name, member)

    @property
    def name(self) -> str:
        """The member's name; ``???`` for a number that has none."""
        return next((name for name, member in self.__members__.items() if member == self), "???")

    @property
    def value(self) -> int:
        """The member's number."""
        return self._number

    def __int__(self) -> int:
        return self._number

    def __index__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._number == self._number

    def __hash__(self) -> int:
        return self._number

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set.")

    def __repr__(self) -> str:
        return f"<{self}: {self._number}>"

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (self._number,)


class TestScenario(BoundEnum, members=("SingleStream", "MultiStream", "Server", "Offline")):
    """How load arrives."""

    __test__ = False  # not a test case, whatever its name may suggest to a collector
    __slots__ = ()
    SingleStream: ClassVar[TestScenario]
    MultiStream: ClassVar[TestScenario]
    Server: ClassVar[TestScenario]
    Offline: ClassVar[TestScenario]


class TestMode(BoundEnum, members=("SubmissionRun", "AccuracyOnly", "PerformanceOnly", "FindPeakPerformance")):
    """What a test run does."""

    __test__ = False
    __slots__ = ()
    SubmissionRun: ClassVar[TestMode]
    AccuracyOnly: ClassVar[TestMode]
    PerformanceOnly: ClassVar[TestMode]
    FindPeakPerformance: ClassVar[TestMode]


class LoggingMode(BoundEnum, members=("AsyncPoll", "EndOfTestOnly", "Synchronous")):
    """When LoadGen writes its logs. Has no effect: levelfield keeps numbers and writes text after each phase."""

    __slots__ = ()
    AsyncPoll: ClassVar[LoggingMode]
    EndOfTestOnly: ClassVar[LoggingMode]
    Synchronous: ClassVar[LoggingMode]

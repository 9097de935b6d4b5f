"""``@frozen``: a frozen, slotted, keyword-only dataclass whose class is made in a fifth of the time.

The standard library compiles six methods of each such class from text, about a millisecond together; to check a round
takes ninety classes, all of them made before a second process can help. Here only ``__init__`` is compiled, the other
methods are the same for all. Fields, defaults, ``replace``, ``fields``, ``asdict``, comparison, hash, representation
and pickling are a dataclass's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from functools import cache
from operator import attrgetter
from types import CodeType, FunctionType
from typing import Any, TypeVar, dataclass_transform

__all__ = ["frozen"]

Class = TypeVar("Class", bound=type)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: Class) -> Class:
    """As ``@dataclass(frozen=True, slots=True, kw_only=True)``. A class below it is ``@frozen`` too."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    setters = tuple(getattr(made, one.name).__set__ for one in fields(made))
    compared = _values([one.name for one in fields(made) if one.compare])
    methods = {
        "__init__": _init(made, setters),
        "__repr__": _repr,
        "__eq__": _equal(compared),
        "__hash__": _hash(compared),
        "__getstate__": _state(_values([one.name for one in fields(made)])),
        "__setstate__": _set_state(setters),
    }
    for name, method in methods.items():
        if name not in vars(cls):
            setattr(made, name, method)
    made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    return made  # type: ignore[no-any-return]


def _init(made: Any, setters: tuple[Callable[[Any, Any], None], ...]) -> Any:
    """``__init__`` with the signature of the fields, as fast as one written by hand."""
    own = fields(made)
    known: dict[str, Any] = {"MISSING": MISSING}
    known.update((f"set_{number}", setter) for number, setter in enumerate(setters))
    known.update((f"make_{number}", one.default_factory) for number, one in enumerate(own))
    code = _code(tuple(one.default_factory is MISSING for one in own), post_init=hasattr(made, "__post_init__"))
    names = tuple(one.name for one in own)
    method = FunctionType(code.replace(co_varnames=("self", *names)), known, "__init__")
    defaults = {
        one.name: one.default for one in own if one.default is not MISSING or one.default_factory is not MISSING
    }
    method.__kwdefaults__ = defaults
    method.__qualname__, method.__module__ = f"{made.__qualname__}.__init__", made.__module__
    method.__annotations__ = {one.name: one.type for one in own} | {"return": None}
    return method


@cache
def _code(given: tuple[bool, ...], *, post_init: bool) -> CodeType:
    """The code of ``__init__`` for fields that are given, or else made by a factory where they are missing.

    Classes of as many fields share it, since only the names differ, and to compile it is what takes long.
    """
    made = ("make_{0}() if _{0} is MISSING else _{0}", "_{0}")
    lines = [f" set_{number}(self, {made[one].format(number)})\n" for number, one in enumerate(given)]
    parameters = "".join(f", _{number}" for number in range(len(given)))
    known: dict[str, Any] = {}
    lines.append(" self.__post_init__()\n" if post_init else " return\n")
    exec(f"def __init__(self{', *' if given else ''}{parameters}):\n{''.join(lines)}", known)  # noqa: S102 - numbers only
    code: CodeType = known["__init__"].__code__
    return code


def _values(names: list[str]) -> Callable[[Any], tuple[object, ...]]:
    """What gives the values of these fields."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _repr(self: Any) -> str:
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({shown})"


def _equal(values: Callable[[Any], tuple[object, ...]]) -> Any:
    def equal(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(values: Callable[[Any], tuple[object, ...]]) -> Any:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


def _state(values: Callable[[Any], tuple[object, ...]]) -> Any:
    def state(self: Any) -> tuple[object, ...]:
        return values(self)

    return state


def _set_state(setters: tuple[Callable[[Any, Any], None], ...]) -> Any:
    def set_state(self: Any, state: tuple[object, ...]) -> None:
        for setter, value in zip(setters, state, strict=True):
            setter(self, value)

    return set_state


def _refuse_to_set(self: Any, name: str, value: object) -> None:  # noqa: ARG001 - Python's signature
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot delete field {name!r}")

"""Finding and reading rule files: ``load("inference-v2.0")``, ``load_training("training-v1.1")``.

A rule set has a name, ``<family>-<version>``, and a file, ``data/<family>/<version>.toml``. A file that ``extends``
another holds only what differs. What was read is remembered with its hash, so that every result can name it.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from levelfield.errors import RulesError, UsageError, nearest
from levelfield.rules import rule_set
from levelfield.rules.document import Path as FieldPath
from levelfield.rules.document import extend, get, shown_path
from levelfield.rules.model import Document, RuleFile, RuleSet
from levelfield.rules.origin import Origin

if TYPE_CHECKING:
    from levelfield.rules.mobile import MobileRules
    from levelfield.rules.tiny import TinyRules
    from levelfield.rules.training import TrainingRules

__all__ = [
    "DATA",
    "AnyRules",
    "available",
    "load",
    "load_any",
    "load_any_file",
    "load_file",
    "load_mobile",
    "load_tiny",
    "load_training",
]

DATA = Path(__file__).with_name("data")
"""The folder of the rule files; by its path, since ``importlib.resources`` takes longer to load than all of them."""

AnyRules: TypeAlias = "RuleSet | TrainingRules | TinyRules | MobileRules"
"""The rules of a round of any suite."""

Kind = TypeVar("Kind", "RuleSet", "TrainingRules", "TinyRules", "MobileRules")


@cache
def available() -> tuple[str, ...]:
    """The names of the rule sets that ship with the package, oldest first within a family."""
    return tuple(_files())


@cache
def load_any(name: str) -> AnyRules:
    """The rules of a round of any suite, by name.

    Raises:
        UsageError: There is no such round; the message names the nearest one.
        RulesError: Its file does not hold together.
    """
    known = {shipped.lower(): shipped for shipped in available()}
    if name.lower() not in known:
        raise nearest(name, available(), what="rule set")
    name = known[name.lower()]
    shown, file = _files()[name]
    return _read(file, shown=shown, trail=(name,))


def load(name: str) -> RuleSet:
    """The rules of a round of inference, by name: ``inference-v2.0``.

    Raises:
        UsageError: There is no such round, or it is one of another suite.
        RulesError: Its file does not hold together.
    """
    return _of_kind(name, RuleSet, rule_set.FAMILY)


def load_training(name: str) -> TrainingRules:
    """The rules of a round of training: ``training-v1.1``. Raises as :func:`load`."""
    from levelfield.rules import training  # noqa: PLC0415 - a run needs the rules of one suite

    return _of_kind(name, training.TrainingRules, training.FAMILY)


def load_tiny(name: str) -> TinyRules:
    """The rules of a round of tiny: ``tiny-v0.7``. Raises as :func:`load`."""
    from levelfield.rules import tiny  # noqa: PLC0415

    return _of_kind(name, tiny.TinyRules, tiny.FAMILY)


def load_mobile(name: str) -> MobileRules:
    """The rules of a round of mobile: ``mobile-v2.0``. Raises as :func:`load`."""
    from levelfield.rules import mobile  # noqa: PLC0415

    return _of_kind(name, mobile.MobileRules, mobile.FAMILY)


def load_file(path: Path) -> RuleSet:
    """The rules of a round of inference from a file of one's own; what it ``extends`` is a shipped round.

    Raises:
        UsageError: It is a round of another suite.
        RulesError: The file cannot be read, or does not hold together.
    """
    return _as_kind(load_any_file(path), RuleSet, rule_set.FAMILY)


def load_any_file(path: Path) -> AnyRules:
    """The rules of a round of any suite from a file of one's own; what it ``extends`` is a shipped round.

    Raises:
        RulesError: The file cannot be read, or does not hold together.
    """
    return _read(path, shown=str(path), trail=())


def _of_kind(name: str, kind: type[Kind], family: str) -> Kind:
    return _as_kind(load_any(name), kind, family)


def _as_kind(rules: AnyRules, kind: type[Kind], family: str) -> Kind:
    if isinstance(rules, kind):
        return rules
    of_family = ", ".join(name for name in available() if name.startswith(f"{family}-"))
    raise UsageError(
        f"{rules.name} is a round of {rules.family}, expected one of {family}.", hint=f"Known: {of_family}."
    )


@cache
def _files() -> dict[str, tuple[str, Path]]:
    """By name: how the file is shown, and the file."""
    found = {}
    for family in DATA.iterdir():
        for file in family.iterdir() if family.is_dir() else ():
            if file.name.endswith(".toml"):
                name = f"{family.name}-{file.name.removesuffix('.toml')}"
                found[name] = (f"{family.name}/{file.name}", file)
    return {name: found[name] for name in sorted(found, key=_version_key)}


def _version_key(name: str) -> tuple[str, list[int]]:
    family, _, version = name.rpartition("-v")
    return family, [int(part) if part.isdigit() else 0 for part in version.split(".")]


def _read(file: Path, *, shown: str, trail: tuple[str, ...]) -> AnyRules:
    document, digest = _parse(file, shown)
    base_name = document.pop("extends", None)
    rule_file = RuleFile(name=shown, sha256=digest)
    family, version = document.get("family"), document.get("version")
    name = f"{family}-{version}"
    if trail and name != trail[-1]:
        raise RulesError(f"The rule file {shown} says that it is {name}, expected {trail[-1]}.")
    if base_name is None:
        if "remove" in document:
            raise RulesError(f"The rule file {shown} does not hold together.", problems=[_REMOVE_WITHOUT_BASE])
        return _build(document, Origin(name=name, extends=None, files=(rule_file,), sha256=digest))
    base = _base(str(base_name), shown, trail)
    _check_removed(base.document, document, shown)
    files = (*base.files, rule_file)
    together = hashlib.sha256("".join(part.sha256 for part in files).encode()).hexdigest()
    return _build(extend(base.document, document), Origin(name=name, extends=base.name, files=files, sha256=together))


def _build(document: Document, origin: Origin) -> AnyRules:
    """Hand a whole document to the family that understands it."""
    match document.get("family"):
        case "training":
            from levelfield.rules import training  # noqa: PLC0415

            return training.build(document, origin=origin)
        case "tiny":
            from levelfield.rules import tiny  # noqa: PLC0415

            return tiny.build(document, origin=origin)
        case "mobile":
            from levelfield.rules import mobile  # noqa: PLC0415

            return mobile.build(document, origin=origin)
        case _:  # also what is wrong there: inference says what it expected
            return rule_set.build(
                document, name=origin.name, extends=origin.extends, files=origin.files, sha256=origin.sha256
            )


def _parse(file: Path, shown: str) -> tuple[Document, str]:
    try:
        content = file.read_bytes()
        return cast("Document", tomllib.loads(content.decode())), hashlib.sha256(content).hexdigest()
    except OSError as error:
        raise RulesError(f"The rule file {shown} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise RulesError(f"The rule file {shown} is not UTF-8: byte {error.start} is wrong.") from error
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"The rule file {shown} is not TOML: {error}.") from error


def _base(name: str, shown: str, trail: tuple[str, ...]) -> AnyRules:
    if name in trail:
        raise RulesError(f"The rule file {shown} extends itself: {' extends '.join((*trail, name))}.")
    if name not in _files():
        hint = nearest(name, available(), what="rule set").hint
        raise RulesError(f"The rule file {shown} extends {name!r}, which does not exist.", hint=hint)
    base_shown, file = _files()[name]
    return _read(file, shown=base_shown, trail=(*trail, name))


_REMOVE_WITHOUT_BASE = "remove: found in a round that extends nothing, expected only beside `extends`."


def _check_removed(base: Document, delta: Document, shown: str) -> None:
    """A removal that hits nothing is a typing error."""
    removed = delta.get("remove", [])
    problems = []
    if not isinstance(removed, list) or not all(
        isinstance(path, list) and path and all(isinstance(key, str) for key in path) for path in removed
    ):
        problems.append('remove: expected a list of paths, each a list of keys: [["benchmarks", "rnnt"]].')
    else:
        for path in cast("list[list[str]]", removed):
            keys: FieldPath = tuple(path)
            if get(base, keys) is None:
                problems.append(f"remove: {shown_path(keys)} is not in the base.")
    if problems:
        raise RulesError(f"The rule file {shown} does not hold together.", problems=problems)

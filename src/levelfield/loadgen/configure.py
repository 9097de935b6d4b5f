"""Settings of a run with provenance: layers laid over each other, and for every value where it came from.

Precedence, lowest first: LoadGen's defaults, the rules of the round, what the edition brings, ``mlperf.conf``, quick
mode, ``user.conf``, ``levelfield.toml``, ``audit.config``, the command line (:class:`levelfield.loadgen.layers.Rank`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from levelfield.errors import SettingsError
from levelfield.formats.loadgen_conf import Assignment, Kind, evaluate
from levelfield.loadgen.layers import ConfLayer, Layer, Lock, Rank, Value
from levelfield.loadgen.setting_names import SETTINGS, SettingValue, replaced, shown, starting_from, value_of
from levelfield.loadgen.settings import Settings
from levelfield.terms import DrawVariant, Mode, Profile, Scenario

__all__ = ["Configured", "Provenance", "UsedFile", "configure"]

USERS = {Rank.OFFICIAL, Rank.QUICK, Rank.USER, Rank.NATIVE, Rank.COMMAND_LINE}
"""Whose values are held against the locks. An audit changes what its own rules say, and is checked against those."""
V6_ONLY = {"accuracy_sample_count_override", *(known.name for known in SETTINGS if known.part == "tokens")}
TEST05_SEEDS = ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One effective value and where it came from."""

    name: str
    """``server_target_latency_ns``."""
    value: str
    """With its unit: ``15 ms``."""
    origin: str
    """``default``, ``rules:inference-v2.0 § mlperf.conf, seeds``, ``user.conf:3``, ``command line`` …"""
    overridden: tuple[str, ...] = ()
    """Earlier values that this one took the place of, oldest first, as ``value (origin)``; defaults are not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedFile:
    """A file (or rule set) that had a say."""

    rank: Rank
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The settings of a run and how they came about."""

    settings: Settings
    lines: tuple[Provenance, ...]
    """Every setting that the scenario has; in profile v2.0 without those that came later, unless something set them."""
    warnings: tuple[str, ...]
    """What was ignored, or makes this run something other than a plain one."""
    files: tuple[UsedFile, ...]

    @property
    def is_audit(self) -> bool:
        """Whether an ``audit.config`` had a say: such a run is no performance result."""
        return any(file.rank is Rank.AUDIT for file in self.files)

    def line(self, name: str) -> Provenance:
        """The line of one setting.

        Raises:
            KeyError: The scenario has no such setting.
        """
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(name)


def configure(
    layers: Sequence[Layer],
    *,
    scenario: Scenario,
    profile: Profile,
    draw_variant: DrawVariant | None = None,
    locks: Sequence[Lock] = (),
) -> Configured:
    """Lay the layers over each other.

    Args:
        layers: In any order; their ranks decide, and within a rank their order.
        scenario: What LoadGen runs.
        profile: ``v2.0``: any key from any file. ``v6``: seeds and their like only from the official file, and one
            ``user.conf`` at most.
        draw_variant: ``None`` = the profile's own.
        locks: What the rules fix (closed division, full durations); empty where anything goes.

    Raises:
        SettingsError: Something locked was changed; every attempt is listed with file and line, also one that a
            later layer undoes.
    """
    start = replace(starting_from(scenario), profile=profile, draw_variant=draw_variant)
    history = {
        known.name: [Value(name=known.name, value=value_of(start, known), origin="default")]
        for known in SETTINGS
        if known.scenario in {None, scenario}
    }
    warnings: list[str] = []
    attempts: list[str] = []
    test05: dict[str, Value] = {}
    ranked = sorted(layers, key=lambda layer: layer.rank)
    for layer in ranked:
        for value in _values(layer, scenario, profile, history, warnings):
            if value.name.startswith("test05"):
                test05[value.name] = value
            elif value.name in history:  # else it is of another scenario
                history[value.name].append(value)
                attempts += _attempts(value, locks) if layer.rank in USERS else ()
    for value in _as_test05(test05):
        history[value.name].append(value)
    second = [layer.path for layer in ranked if layer.rank is Rank.USER][1:] if profile is Profile.V6 else []
    attempts += [f"{path}: a second user.conf, expected one at most." for path in second if locks]
    if attempts:
        raise SettingsError("The rules fix what was changed here.", problems=dict.fromkeys(attempts))
    warnings += [f"{path}: LoadGen calls a second user.conf an error; the run is no official one." for path in second]
    settings = replaced(start, {name: values[-1].value for name, values in history.items()})
    return Configured(
        settings=settings,
        lines=tuple(
            _line(values)
            for values in history.values()
            if profile is Profile.V6 or len(values) > 1 or values[0].name not in V6_ONLY
        ),
        warnings=tuple(warnings),
        files=tuple(
            UsedFile(rank=layer.rank, path=layer.path, sha256=layer.sha256)
            for layer in ranked
            if layer.path is not None and layer.sha256 is not None
        ),
    )


def _values(
    layer: Layer, scenario: Scenario, profile: Profile, history: dict[str, list[Value]], warnings: list[str]
) -> Iterator[Value]:
    """The values that a layer gives to a run."""
    if not isinstance(layer, ConfLayer):
        yield from layer.values
        return
    evaluation = evaluate(
        layer.conf,
        model=layer.model,
        scenario=scenario,
        profile=profile,
        official=layer.rank is Rank.OFFICIAL,
        true_before=frozenset(name for name, values in history.items() if values[-1].value is True),
    )
    if layer.rank is Rank.AUDIT:
        warnings.append(f"{layer.path} is applied (SHA-256 {layer.sha256}): this run is an audit, not a result.")
    for refused in evaluation.refused:
        origin = f"{layer.path}:{refused.entry.line}"
        warnings.append(f"{origin}: {refused.key.name} is taken from the official file only, and ignored here.")
    for assignment in evaluation.assignments:
        yield _value(assignment, layer.path)


def _value(assignment: Assignment, path: str) -> Value:
    value: SettingValue = assignment.value
    if assignment.key.kind is Kind.MODE:
        value = tuple(Mode)[int(assignment.value)]
    return Value(name=assignment.key.setting, value=value, origin=f"{path}:{assignment.entry.line}")


def _as_test05(found: dict[str, Value]) -> Iterator[Value]:
    """What LoadGen makes of ``test05``: performance mode, and the three other seeds in place of the usual ones."""
    switch = found.get("test05")
    if switch is None or switch.value is not True:
        return
    yield replace(switch, name="mode", value=Mode.PERFORMANCE)
    for seed in TEST05_SEEDS:
        yield replace(found.get(f"test05_{seed}", replace(switch, value=0)), name=seed)


def _attempts(value: Value, locks: Sequence[Lock]) -> Iterator[str]:
    """What a value of the user's does against the rules."""
    for lock in locks:
        if lock.name == value.name and not lock.allows(value.value):
            yield (
                f"{value.origin}: {value.name}: found {shown(value.name, value.value)}, expected "
                f"{lock.bound.value} {shown(value.name, lock.value)} ({lock.clause})."
            )


def _line(values: list[Value]) -> Provenance:
    *before, last = values
    return Provenance(
        name=last.name,
        value=shown(last.name, last.value),
        origin=last.origin,
        overridden=tuple(
            f"{shown(value.name, value.value)} ({value.origin})" for value in before if value.origin != "default"
        ),
    )

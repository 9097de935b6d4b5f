"""The official ``mlperf.conf`` and an audit's ``audit.config``, written from the rules of a round.

The text differs from the published files (each benchmark's lines are spelled out); what LoadGen reads from it does not.
"""

from __future__ import annotations

from levelfield.formats.loadgen_conf import KEYS, Line, write
from levelfield.loadgen.layers import rules_layer
from levelfield.loadgen.setting_names import SettingValue, Unit, setting
from levelfield.rules.model import Audit, RuleSet, ScenarioRule
from levelfield.terms import Edition, Mode

__all__ = ["audit_config", "mlperf_conf"]

SEEDS = ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed")


def mlperf_conf(rules: RuleSet) -> str:
    """The official configuration of a round."""
    lines = [
        Line(comment=f"The rules of {rules.name} (rule file SHA-256 {rules.sha256}), in LoadGen's format."),
        Line(comment="Times are milliseconds, percentiles percent. Put your own values into user.conf."),
        Line(),
        Line(key=SEEDS[0], value=rules.seeds.qsl),
        Line(key=SEEDS[1], value=rules.seeds.sample_index),
        Line(key=SEEDS[2], value=rules.seeds.schedule),
    ]
    written = set()
    for benchmark in rules:
        for rule in benchmark.rules:
            # bert-99 and bert-99.9 are one model here; so are scenarios that LoadGen does not tell apart.
            if (rule.config_model, rule.runs_as) not in written:
                written.add((rule.config_model, rule.runs_as))
                lines += [Line(), *_lines(rules, rule)]
    return write(lines)


def audit_config(audit: Audit) -> str:
    """The ``audit.config`` of an audit, as it applies to one benchmark."""
    lines = [Line(comment=f"{audit.name}: {audit.title}. {audit.citation}.")]
    lines += [Line(key=line.key, value=line.value) for line in audit.settings]
    return write(lines)


def _lines(rules: RuleSet, rule: ScenarioRule) -> list[Line]:
    key_of = {key.setting: key.name for key in KEYS}
    return [
        Line(
            model=rule.config_model,
            scenario=rule.runs_as,
            key=key_of[value.name],
            value=_in_file_unit(value.name, value.value),
        )
        for value in rules_layer(rules, rule, edition=Edition.FULL).values
        if value.name not in SEEDS and value.value is not False
    ]


def _in_file_unit(name: str, value: SettingValue) -> int | float:
    """Milliseconds and percent, whole where they are whole."""
    if isinstance(value, Mode):
        return tuple(Mode).index(value)
    match setting(name).unit:
        case Unit.NS:
            number = value / 1_000_000
        case Unit.FRACTION:
            number = round(value * 100, 9)
        case _:
            number = value
    return int(number) if number == int(number) and setting(name).unit is not Unit.PER_S else number

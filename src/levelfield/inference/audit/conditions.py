"""Was this run the audit that it claims to be? Looked up in the detail logs, setting by setting.

The official scripts ask only whether ``performance_issue_unique`` and ``performance_issue_same`` read ``false`` in a
summary that spells them 0 and 1, so nothing is ever refused there. Here every line of the audit's configuration must be
in force, everything else must be as in the run that it is compared with, and both must be of the same system.
"""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.formats.loadgen_log import DetailLog
from levelfield.inference.audit.score import AuditLogs
from levelfield.rules.model import Audit
from levelfield.terms import Mode, Scenario

__all__ = ["AUDIT_FOUND", "ends_as_planned", "problems_of_audit", "problems_of_validity"]

AUDIT_FOUND = "Found Audit Config file (audit.config). Overriding TestSettings from audit.config file."
"""What LoadGen logs, as a warning (``loadgen.cc``, StartTest, at v2.0)."""
RAN_OUT = "Ending early: Ran out of generated queries"
"""TEST04 issues each sample once and then has no more, which LoadGen calls an error; it is how the test ends."""
SAME_SYSTEM = ("sut_name", "qsl_name", "qsl_reported_total_count", "qsl_reported_performance_count", "loadgen_version")
FOLLOWS = {"effective_samples_per_query", "effective_min_sample_count"}
"""In Offline the length of the one query, which TEST04 sets to the number of loaded samples."""


def problems_of_audit(audit: Audit, test: AuditLogs, reference: AuditLogs, *, reference_is_audit: bool) -> list[str]:
    """Everything that keeps a run from being this audit of this reference.

    Args:
        audit: The audit, as it applies to the benchmark.
        test: Its run.
        reference: The run that it is compared with.
        reference_is_audit: Whether that one is an audit itself (TEST04-A).
    """
    name = audit.name
    found = list(_not_in_force(audit, test.detail))
    if not _is_audit(test.detail):
        found.append(f"{name}: no line that says that an audit.config was found, expected {AUDIT_FOUND!r}.")
    if not reference_is_audit and _is_audit(reference.detail):
        found.append(f"{reference.folder}: found a run with an audit.config, expected a plain performance run.")
    if test.scenario is not reference.scenario:
        found.append(f"{name}: found a {test.scenario} run, expected {reference.scenario} as in the reference.")
        return found
    return found + list(_differences(audit, test, reference))


def problems_of_validity(what: str, logs: AuditLogs, *, must_be_valid: bool) -> list[str]:
    """Why a run cannot be compared: it is INVALID, or an error was logged.

    Args:
        what: The run, for people: ``TEST01``, ``the performance run``.
        logs: Its logs.
        must_be_valid: TEST04 is too short to meet the minimum duration, and the round does not ask it to.
    """
    found = []
    if must_be_valid and not logs.valid:
        found.append(f"{what} is {logs.summary.validity or 'without a verdict'}, expected VALID.")
    found += [
        f"{what}: error in the log: {line.value_text.strip(chr(34))}"
        for line in logs.detail.errors
        if must_be_valid or not ends_as_planned(line.value_text)
    ]
    found += [f"{what}: line {line.number} of the detail log is damaged." for line in logs.detail.damaged[:3]]
    return found


def ends_as_planned(text: str) -> bool:
    """Whether an error of TEST04's log is the one that it ends with."""
    return RAN_OUT in text


def _is_audit(log: DetailLog) -> bool:
    return any("audit.config" in line.value_text for line in log.warnings)


def _not_in_force(audit: Audit, log: DetailLog) -> Iterator[str]:
    """Lines of the audit's configuration that the run did not follow."""
    for setting in audit.settings:
        key = f"effective_{'test_mode' if setting.key == 'mode' else setting.key}"
        line = log.first(key)
        wanted: object = tuple(Mode)[int(setting.value)].value if setting.key == "mode" else setting.value
        try:
            actual = None if line is None else line.value
        except ValueError:
            actual = line.value_text if line is not None else None
        if actual != wanted:  # a flag is a number to Python, as it is in the file
            shown = "no such line" if line is None else line.value_text
            yield f"{audit.name}, {key}: found {shown}, expected {wanted}."


def _differences(audit: Audit, test: AuditLogs, reference: AuditLogs) -> Iterator[str]:
    """What differs from the reference though the audit does not change it."""
    own = {f"effective_{setting.key}" for setting in audit.settings}
    offline = test.scenario is Scenario.OFFLINE and any("performance_issue" in name for name in own)
    exempt = own | {"effective_test_mode"} | (FOLLOWS if offline else set())
    if any("performance_issue" in name for name in own):
        # Each half of TEST04 sets flags that the other half or the plain run leaves as they are.
        exempt |= {key for key in reference.detail.keys if key.startswith("effective_performance_issue")}
    for key in reference.detail.keys:
        if key in exempt or not (key.startswith("effective_") or key in SAME_SYSTEM):
            continue
        line, other = test.detail.first(key), reference.detail.first(key)
        found, wanted = (None if one is None else one.value_text for one in (line, other))
        if found != wanted:
            yield f"{audit.name}, {key}: found {found or 'no such line'}, expected {wanted} as in the reference."

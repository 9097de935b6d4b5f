"""What the official check of power sessions accepts, revision by revision: ``power_check("f7b3b51")``.

Facts of ``compliance/check.py`` in mlcommons/power-dev; they are data (``data/power_check.toml``), because a round pins
a revision as it pins its limits.
"""

from __future__ import annotations

import tomllib
from functools import cache

from levelfield.errors import RulesError, nearest
from levelfield.frozen import frozen
from levelfield.rules.load import DATA
from levelfield.rules.table import Problems, Table
from levelfield.units import NS_PER_MS

__all__ = ["PowerCheck", "ToolSources", "power_check", "power_check_of_round", "power_checks"]

FILE = "power_check.toml"
FORMAT = 1


@frozen
class ToolSources:
    """The source files of a released measuring tool."""

    name: str
    """The commit that first had exactly these."""
    date: str
    sha1_by_file: dict[str, str]


@frozen
class PowerCheck:
    """One revision of the official check."""

    name: str
    """The commit: ``f7b3b51``."""
    date: str
    rounds: tuple[str, ...]
    """Rounds that pin it."""
    daemon_versions: tuple[str, ...]
    """Of PTDaemon."""
    device_types: dict[str, int]
    """PTDaemon's number of each accepted analyzer, by model."""
    sources: tuple[ToolSources, ...]
    """Versions of the measuring tool that are accepted."""
    clock_tolerance_ns: int
    """How far the clocks of client and server may differ at a mark."""
    clock_tolerance_included: bool
    """Whether exactly that far is still accepted."""
    duration_difference: float | None
    """How far the loads of ranging and testing may differ in length, as a share of the longer one."""
    shorter_testing_warns: float | None
    """From which share a shorter testing load is a warning."""
    power_drop: float | None
    """How far the power of testing may lie below that of ranging, as a share."""
    restoring_amps: tuple[int, ...]
    """Which of the commands that set the ampere range may be the one that restores it, from 1."""
    one_configuration: bool
    """Whether ``ptd_config`` is one object, not a list of them."""
    log_in_utc: bool
    """Whether the daemon's log is taken as UTC; else the server's time zone is added to its times."""
    log_margin_s: int
    """Seconds at both ends of the load in which warnings are not looked at."""
    uncertainty_voids: bool
    """Whether a sample under load with more than 1 % uncertainty fails the session."""
    accepted_errors: tuple[str, ...]
    """Texts of errors in the daemon's log that are only warned of."""
    ranging_errors: tuple[str, ...]
    """Beginnings of errors that are expected while ranging."""

    def clocks_agree(self, difference_ns: float) -> bool:
        """Whether two clocks that differ so much are close enough."""
        apart = abs(difference_ns)
        return apart < self.clock_tolerance_ns or (self.clock_tolerance_included and apart == self.clock_tolerance_ns)


@cache
def power_checks() -> tuple[PowerCheck, ...]:
    """Every revision that is known, the oldest first.

    Raises:
        RulesError: The shipped file does not hold together.
    """
    problems = Problems()
    content = (DATA / FILE).read_text()
    top = Table(tomllib.loads(content), (), problems)
    if top.integer("format") != FORMAT:
        top.wrong("format", f"{FORMAT}")
    top.text("repository")
    top.text("document")
    sources = {name: _sources(name, table) for name, table in top.table("sources").tables()}
    checks = tuple(_check(table, sources) for table in top.array("revisions"))
    top.finish()
    if problems.found:
        raise RulesError(f"The rule file {FILE} does not hold together.", problems=problems.found)
    return checks


def power_check(name: str) -> PowerCheck:
    """A revision by its commit, also with ``check@`` before it or more digits.

    Raises:
        UsageError: It is not known.
    """
    wanted = name.lower().removeprefix("check@")
    for check in power_checks():
        if len(wanted) >= len(check.name) and wanted.startswith(check.name):
            return check
    raise nearest(name, [f"check@{check.name}" for check in power_checks()], what="revision of check.py")


def power_check_of_round(name: str) -> PowerCheck:
    """The revision that a round pins.

    Raises:
        UsageError: No revision is known for that round.
    """
    rounds = {name: check for check in power_checks() for name in check.rounds}
    if name.lower() not in rounds:
        raise nearest(name, list(rounds), what="round with measured power")
    return rounds[name.lower()]


def _sources(name: str, table: Table) -> ToolSources:
    files = table.table("files")
    found = ToolSources(
        name=name, date=table.text("date"), sha1_by_file={file: files.text(file) for file in files.values}
    )
    table.finish()
    return found


def _check(table: Table, sources: dict[str, ToolSources]) -> PowerCheck:
    names = table.texts("sources", required=True)
    for name in names:
        table.check_known(name, sources, "version of the tool", "sources")
    devices = table.table("device_types")
    check = PowerCheck(
        name=table.text("name"),
        date=table.text("date"),
        rounds=table.texts("rounds"),
        daemon_versions=table.texts("daemon_versions", required=True),
        device_types={model: devices.integer(model) for model in devices.values},
        sources=tuple(sources[name] for name in names if name in sources),
        clock_tolerance_ns=table.integer("clock_tolerance_ms") * NS_PER_MS,
        clock_tolerance_included=table.flag("clock_tolerance_included"),
        duration_difference=table.share("duration_difference"),
        shorter_testing_warns=table.share("shorter_testing_warns"),
        power_drop=table.share("power_drop"),
        restoring_amps=table.integers("restoring_amps"),
        one_configuration=table.flag("one_configuration"),
        log_in_utc=table.flag("log_in_utc"),
        log_margin_s=table.integer("log_margin_s"),
        uncertainty_voids=table.flag("uncertainty_voids"),
        accepted_errors=table.texts("accepted_errors"),
        ranging_errors=table.texts("ranging_errors"),
    )
    table.finish()
    return check

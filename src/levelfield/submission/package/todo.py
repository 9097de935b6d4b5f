"""The list of what only the submitter can write: each with file, field and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from levelfield.rules.layout import PlaceName
from levelfield.rules.model import RuleSet
from levelfield.submission.package.entry import DescribedSystem, PackagedResult
from levelfield.submission.package.texts import needs_calibration
from levelfield.terms import Suite

__all__ = ["NOT_FOUND", "WHY_SYSTEM", "ToDo", "to_do", "to_do_text"]

NOT_FOUND = "it could not be found out on the machine; empty text is accepted, a false one is not"
WHY_SYSTEM = {
    "status": "whether the system can be bought is the submitter's to declare; until then the checker voids the system",
    "system_type": "which suite the system is entered for is the submitter's to declare; until then the checker voids "
    "the system",
    "system_name": "the name under which readers will find the result",
    "cooling": "no sensor tells how the system is cooled",
}
WHY_MEASUREMENT = {
    "retraining": "only the maker of the weights knows whether they were trained further",
    "weight_transformations": "only the maker of the file knows what was done to the weights",
    "weight_data_types": "the model file does not say it in a way that levelfield reads",
    "input_data_types": "the runtime does not say it",
    "starting_weights_filename": "the run did not record it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """One thing to write."""

    path: str
    """Of the file, relative to the folder that the list lies in."""
    field: str
    """Or the part of the file."""
    why: str
    needed: bool
    """Whether the round's checker refuses the tree without it."""


def to_do(
    systems: Iterable[DescribedSystem], results: Iterable[PackagedResult], rules: RuleSet, place: dict[str, str]
) -> tuple[ToDo, ...]:
    """What is left to be written, systems first.

    Args:
        systems: Of the tree.
        results: Of the tree.
        rules: The round.
        place: Division and submitter, for paths.
    """
    found = [
        ToDo(
            path=_path(rules, PlaceName.SYSTEM, place | {"system": system.id}),
            field=name,
            why=WHY_SYSTEM.get(name, NOT_FOUND),
            needed=name in {"status", "system_type"},
        )
        for system in systems
        for name in system.to_be_said
    ]
    for result in results:
        run = result.entry.run
        where = place | {"system": result.system.id, "benchmark": run.benchmark, "scenario": result.scenario}
        folder = _path(rules, PlaceName.MEASUREMENTS, where)
        file = f"{folder}/{result.system.id}_{run.statements.name}_{result.scenario}.json"
        found += [
            ToDo(path=file, field=name, why=WHY_MEASUREMENT[name], needed=False)
            for name in rules.fields.measurement
            if not getattr(run.statements, name)
        ]
        if needs_calibration(run) and not run.statements.weight_transformations:
            why = "quantised weights must come with how they were calibrated, and on which data"
            found.append(ToDo(path=f"{folder}/calibration_process.adoc", field="the method", why=why, needed=False))
    for system in systems:
        if Suite.DATACENTER in system.suites and not _says_ecc(system):
            found.append(
                ToDo(
                    path=_path(rules, PlaceName.SYSTEM, place | {"system": system.id}),
                    field="host_memory_configuration",
                    why="datacenter systems need ECC memory, and the description is where it is said",
                    needed=False,
                )
            )
    return tuple(dict.fromkeys(found))


def to_do_text(items: tuple[ToDo, ...], *, round_name: str) -> str:
    """The content of ``TODO.md``."""
    if not items:
        return f"# To do\n\nNothing: all that a submission to {round_name} must state is stated.\n"
    intro = (
        f"What levelfield cannot know and does not invent. Fields of the system can be stated once with `--system-json "
        f"FILE`; then package again. Afterwards: `levelfield submission check . --round {round_name}`."
    )
    lines = ["# To do", "", intro]
    for heading, needed in (("Needed: the tree is refused without it", True), ("Also asked for", False)):
        chosen = [item for item in items if item.needed is needed]
        if not chosen:
            continue
        lines += ["", f"## {heading}"]
        for path in dict.fromkeys(item.path for item in chosen):
            lines += ["", f"`{path}`", ""]
            lines += [f"- [ ] **{item.field}**: {item.why}." for item in chosen if item.path == path]
    return "\n".join(lines) + "\n"


def _says_ecc(system: DescribedSystem) -> bool:
    return "ecc" in " ".join(system.description.as_dict().values()).lower()


def _path(rules: RuleSet, name: PlaceName, values: dict[str, str]) -> str:
    place = rules.place(name)
    assert place is not None, f"{rules.name} has no {name}"
    return place.path.format(**values)

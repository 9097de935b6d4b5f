"""Why runs of training are no result of the round: every reason that can be seen in them, before anybody hands them in.

Two thresholds, as for inference. Some runs are in no tree (:func:`never`): those that were resumed, and logs of another
division than the tree's, since a log is handed in as it is. What else speaks against an entry (:func:`reasons_against`)
is listed, and a rehearsal is packaged all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from levelfield.formats.mllog import Json
from levelfield.rules.training import TrainingRules
from levelfield.submission.package.training.entry import JudgedRun, TrainingEntry
from levelfield.submission.package.training.system import TrainedSystem
from levelfield.submission.training.compliance.record import shown
from levelfield.terms import Division, Edition

__all__ = ["never", "reasons_against"]

SHOWN = 3
"""Runs that are named where a setting differs; others are counted."""


def never(entry: TrainingEntry, division: Division) -> Iterable[str]:
    """What keeps runs out of any tree of this division."""
    for one in entry.runs:
        if one.run.resumed:
            yield f"{one.run.path}: the run was resumed, which is for development; train it anew."
    mini = " A mini edition is always in the open one." if entry.edition is Edition.MINI else ""
    said = {(one.run.path.parent, one.log.division): one.log.division for one in entry.runs}
    for (folder, _), found in said.items():
        if found and found != division:
            yield f"{folder}: the logs say the {found} division, --division says {division}.{mini}"


def reasons_against(
    entries: Iterable[TrainingEntry], systems: Mapping[str, TrainedSystem], rules: TrainingRules, division: Division
) -> tuple[str, ...]:
    """Every reason, entry by entry; none if it may be handed in."""
    told: list[str] = []
    for entry in entries:
        told += [f"{entry.name}: {reason}" for reason in _of_entry(entry, division)]
        told += _of_status(entry, systems[entry.system], rules)
    return tuple(told)


def _of_entry(entry: TrainingEntry, division: Division) -> Iterable[str]:
    if entry.edition is Edition.MINI:
        yield "it is the mini edition, whose model and data are not the round's."
    if any(folder.shuffled_labels for folder in entry.folders):
        yield "it was trained with --shuffled-labels, the control that must fail."
    yield from _of_count(entry)
    yield from _of_settings(entry)
    yield from _of_seeds(entry, division)
    benchmark, failed = entry.benchmark, entry.failed
    if len(failed) > benchmark.dropped:
        yield (
            f"{len(failed)} of {len(entry.handed_in)} runs do not count, and {benchmark.dropped} may: "
            + "; ".join(f"{one.run.path}: {one.log.failure or 'no time'}" for one in failed)
            + "."
        )


def _of_count(entry: TrainingEntry) -> Iterable[str]:
    found, wanted = len(entry.runs), entry.benchmark.runs
    if found < wanted:
        yield f"found {_runs(found)}, the round asks for {wanted}."
    elif found > wanted and not entry.planned:
        yield (
            f"found {_runs(found)}, the round asks for {wanted}. More count only where their number was settled "
            "before the first began, by one command with --runs."
        )


def _of_settings(entry: TrainingEntry) -> Iterable[str]:
    """Whatever differs between the runs, with what most of them have first."""
    keys = dict.fromkeys(key for one in entry.runs for key in one.settings)
    for key in keys:
        told = [one for one in entry.runs if key in one.settings]
        yield from _differing(key, [(one.settings[key], str(one.run.path)) for one in told])
    for name in ("edition", "number_format", "processes", "device", "software", "start", "own_code"):
        values = [(getattr(folder, name), str(folder.folder)) for folder in entry.folders]
        yield from _differing(name, [(_plain(value), place) for value, place in values])


def _plain(value: object) -> Json:
    if isinstance(value, tuple):
        return ", ".join(f"{name} {version}" for name, version in value)
    return value if isinstance(value, int) else str(value)


def _differing(name: str, found: list[tuple[Json, str]]) -> Iterable[str]:
    texts = Counter(repr(value) for value, _ in found)
    if len(texts) < 2:
        return
    usual = texts.most_common(1)[0][0]
    others = [f"{shown(value)} in {place}" for value, place in found if repr(value) != usual]
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    usual_value = next(value for value, _ in found if repr(value) == usual)
    yield (
        f"{name} differs: {shown(usual_value)} in most, {', '.join(others[:SHOWN])}{more}; the runs of one result have "
        "one setting."
    )


def _of_seeds(entry: TrainingEntry, division: Division) -> Iterable[str]:
    first: dict[int, JudgedRun] = {}
    for one in entry.runs:
        for value in dict.fromkeys(seed.value for seed in one.log.seeds if seed.value is not None):
            if value in first:
                yield f"{one.run.path}: the seed {value} is that of {first[value].run.path} too."
            first.setdefault(value, one)
        if one.run.seed_given and division is Division.CLOSED:
            yield f"{one.run.path}: its seed was chosen with --seed; the closed division wants it from entropy."


def _of_status(entry: TrainingEntry, system: TrainedSystem, rules: TrainingRules) -> Iterable[str]:
    """Logs and description state the availability, each in words of its own."""
    stated = system.fields["status"]
    for status in dict.fromkeys(one.settings.get("submission_status") for one in entry.runs):
        if isinstance(status, str) and stated and rules.availability(status) != rules.availability(stated):
            yield (
                f"{entry.name}: its logs say {status} under submission_status, the description of the system "
                f"{stated} under status."
            )


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"

"""What has to be said beside results: marks, footnotes, differences, the legend, and how the mark may be written.

The duties are those of the results messaging guidelines (mlcommons/policies at c195f80f, 2026-04-28, file
``MLPerf_Results_Messaging_Guidelines.adoc``); each function names its section. The short sentences that must appear
literally are constants, and a test holds their words. Everything else is said in our own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from levelfield.results.compatibility import Round, model_of, round_of
from levelfield.results.derived import Derived
from levelfield.results.model import Result, Verification

__all__ = [
    "COMPOSITE",
    "ID_NOT_ASSIGNED",
    "KINDS_OF_FOOTNOTES",
    "LEGEND",
    "MIXED",
    "UNVERIFIED",
    "UNVERIFIED_MARK",
    "VERIFIED",
    "Footnote",
    "Retrieval",
    "chips",
    "derived_footnote",
    "difference_line",
    "differences",
    "disclosure_warning",
    "footnote_codes",
    "footnotes",
    "full_name",
    "is_verified",
    "mark",
    "not_closed",
]

LEGEND = (
    "The MLPerf name and logo are registered and unregistered trademarks of MLCommons Association in the United States "
    "and other countries. All rights reserved. Unauthorized use strictly prohibited. See www.mlcommons.org for more "
    "information."
)
"""Section 11.2: on every page and in every export, once."""
UNVERIFIED = "Result not verified by MLCommons Association."
"""Section 1: for results that did not go through the review."""
VERIFIED = "Result verified by MLCommons Association."
"""Section 2: may be said of results that did."""
MIXED = (
    "Unverified results have not been through an MLPerf® review and may use measurement methodologies and/or workload "
    "implementations that are inconsistent with the MLPerf specification for verified results."
)
"""Section 4: where both kinds stand beside each other."""
UNVERIFIED_MARK = "unverified"
"""Section 1: next to each score."""
ID_NOT_ASSIGNED = "ID not assigned"
"""Section 3.2 asks for the result's ID; it is not in the trees of rounds, and none is made up."""
COMPOSITE = (
    "A combination of several results. Each is cited above; the combination is not sanctioned by MLCommons and is no "
    "official or verified result."
)
"""Section 7."""
_APP = (
    "Results of the mobile application fall under the end user license agreement of that application instead of the "
    "general guidelines."
)
_EMBARGO = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footnote:
    """One footnote of a table, chart or export."""

    code: str
    """What it is about: ``legend``, ``unverified``, ``mixed`` …"""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """Where and when the results of a round were retrieved (section 3.2); only the user knows."""

    url: str
    on: date

    def __str__(self) -> str:
        """``Retrieved from https://… 21 December 2018``."""
        months = "January February March April May June July August September October November December".split()  # noqa: SIM905 - reads better, and no locale
        return f"Retrieved from {self.url} {self.on.day} {months[self.on.month - 1]} {self.on.year}"


def is_verified(result: Result) -> bool:
    """Whether a result went through the review; what is not known did not."""
    return result.verification is Verification.VERIFIED


def mark(result: Result) -> str:
    """What stands next to the score (section 1): ``unverified``, or nothing."""
    return "" if is_verified(result) else UNVERIFIED_MARK


def full_name(result: Result) -> str:
    """The whole name of what was measured (sections 3 and 11.4), beginning with the mark, suite, version and division.

    In the closed division the model stands for the benchmark (section 3.1); in others it is the folder's name.
    """
    model = model_of(result) if result.division == "closed" else None
    variant = next((ending[1:] for ending in ("-99.9", "-99") if result.benchmark.endswith(ending)), "")
    name = f"{model.name} {variant}".strip() if model else result.benchmark
    edition = "" if result.edition == "full" else f"({result.edition} edition)"
    parts = (_heading(round_of(result.round), result.division), name, result.scenario, edition)
    return " ".join(part for part in parts if part)


def footnotes(
    results: Sequence[Result],
    *,
    retrieved: Mapping[str, Retrieval] | None = None,
    derived: Iterable[Derived] = (),
    composite: bool = False,
) -> tuple[Footnote, ...]:
    """The footnotes of a table or chart that shows these results.

    Args:
        results: What is shown.
        retrieved: Where and when they were retrieved, by round.
        derived: Derived numbers that are shown; each kind gets its formula once.
        composite: Whether scores are combined into one.
    """
    if not results:
        return (Footnote(code="legend", text=LEGEND),)
    found = [Footnote(code="source", text=text) for text in _sources(results, retrieved or {})]
    verified = [result for result in results if is_verified(result)]
    if verified:
        found.append(Footnote(code="verified", text=_each(VERIFIED, verified, results)))
    if len(verified) < len(results):
        others = [result for result in results if not is_verified(result)]
        found.append(Footnote(code="unverified", text=_each(UNVERIFIED, others, results)))
        if verified:
            found.append(Footnote(code="mixed", text=MIXED))
    found += [Footnote(code=code, text=text) for code, applies, text in _KINDS if any(map(applies, results))]
    found += list(dict.fromkeys(derived_footnote(number) for number in derived))
    if composite:
        found.append(Footnote(code="composite", text=COMPOSITE))
    if any(round_of(result.round).suite.name == "mobile" for result in results):
        found.append(Footnote(code="app", text=_APP))
    return (*found, Footnote(code="legend", text=LEGEND))


def footnote_codes(result: Result) -> tuple[str, ...]:
    """The codes of the footnotes that a result takes with it wherever it is shown; the legend is always one."""
    standing = "verified" if is_verified(result) else "unverified"
    return (standing, *(code for code, applies, _ in _KINDS if applies(result)), "legend")


def derived_footnote(number: Derived) -> Footnote:
    """Basis and standing of a derived number (section 8)."""
    text = f"{number.name}: {number.formula}. Not the primary metric; neither official nor verified."
    return Footnote(code="derived", text=text[0].upper() + text[1:])


_KINDS = (
    (
        "inferred",
        lambda result: result.inferred,
        "≈ marks a result that was computed from the log of another scenario, as the rules of the round allow.",
    ),
    (
        "power",
        lambda result: result.power_value is not None,
        "Power and energy are those of the whole system, measured for the same submission.",
    ),
    (
        "mini",
        lambda result: result.edition == "mini",
        "Mini edition: a small task of the same kind, which no result of a published round can be compared with.",
    ),
    (
        "quick",
        lambda result: not result.official,
        "Quick run: shorter than the rules of the round ask for, and no result of it.",
    ),
    ("void", lambda result: result.void, "✗ marks a result that our check refuses; it is never ranked."),
)
"""Code, what it applies to, text."""
KINDS_OF_FOOTNOTES = (
    Footnote(code="verified", text=VERIFIED),
    Footnote(code="unverified", text=UNVERIFIED),
    Footnote(code="mixed", text=MIXED),
    *(Footnote(code=code, text=text) for code, _, text in _KINDS),
    Footnote(code="composite", text=COMPOSITE),
    Footnote(code="app", text=_APP),
    Footnote(code="legend", text=LEGEND),
)
"""Every footnote whose text does not depend on what is shown."""


def chips(result: Result) -> int | None:
    """How many devices do most of the work (section 5): the accelerators, or without any the processors."""
    accelerator = result.system.accelerator
    if accelerator.total is None and accelerator.model:
        return None
    return accelerator.total or result.system.host.total


def differences(results: Sequence[Result]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What differs among results that are compared (section 5), and its values in the order of the results."""
    found = []
    for name, value in _DIFFERENCES:
        values = tuple(dict.fromkeys(map(value, results)))
        if len(values) > 1:
            found.append((name, values))
    return tuple(found)


def difference_line(results: Sequence[Result]) -> str:
    """The line that every comparison carries: what differs, or that nothing of it does."""
    found = differences(results)
    if not found:
        return "Same version, division, category, verification, scenario and chip count."
    shown = [f"{name} ({', '.join(values[:6])}{', …' if len(values) > 6 else ''})" for name, values in found]
    return f"They differ in {'; '.join(shown)}."


def not_closed(result: Result) -> str:
    """In what an open result would not qualify as a closed one (section 5): its submitter's words, if there are any."""
    said = "; ".join(part for part in (result.notes.strip(), result.system.software_notes.strip()) if part)
    model = f"model {result.model_used}" if result.model_used != result.benchmark else ""
    return "; ".join(part for part in (model, said) if part) or "not stated"


def disclosure_warning(published: date | None, today: date, *, submitter: bool) -> str | None:
    """Why results may not be shown to others yet (section 6); ``None`` where they may.

    Args:
        published: When MLCommons published the round, if it is known.
        today: The day of the disclosure.
        submitter: Whether whoever shows them handed in results to the round; others wait two weeks more.
    """
    if published is None:
        return "The round's publication date is not known; results may not be shown before it."
    first = published if submitter else published + _EMBARGO
    if today >= first:
        return None
    whom = "submitters" if submitter else "those who did not submit"
    return f"The round is published on {published.isoformat()}; {whom} may show results from {first.isoformat()}."


def _heading(the_round: Round, division: str) -> str:
    return f"MLPerf® {the_round.title} {division.capitalize()}".strip()


def _sources(results: Sequence[Result], retrieved: Mapping[str, Retrieval]) -> list[str]:
    """Suite, version, division, source and date, once for each round and division (section 3.2)."""
    found = []
    for name, division, verified in dict.fromkeys((r.round, r.division, is_verified(r)) for r in results):
        where = retrieved.get(name)
        said = str(where) if where else "Date and source of retrieval not stated"
        start = _heading(round_of(name), division)
        found.append(f"{start if verified else f'Unverified {start}'}. {said}, {ID_NOT_ASSIGNED}.")
    return found


def _each(sentence: str, which: Sequence[Result], among: Sequence[Result]) -> str:
    """The sentence, and how many results it is true of where it is not all of them."""
    return sentence if len(which) == len(among) else f"{sentence} ({len(which):,} of {len(among):,} results)"


def _text(count: int | None) -> str:
    return "not stated" if count is None else str(count)


_DIFFERENCES = (
    ("version", lambda result: round_of(result.round).version or "none"),
    ("division", lambda result: result.division or "not stated"),
    ("category", lambda result: result.availability or "not stated"),
    ("verification", lambda result: "verified" if is_verified(result) else UNVERIFIED_MARK),
    ("scenario", lambda result: result.scenario or "none"),
    ("chip count", lambda result: _text(chips(result))),
    ("system type", lambda result: result.system.type or "not stated"),
    ("edition", lambda result: result.edition if result.official else f"{result.edition}, quick"),
    ("power", lambda result: "measured" if result.power_value is not None else "not measured"),
)

"""What stands by results on a page: the marks beside a number, and the footnotes of a table or chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from levelfield.page.markup import Child, Markup, element
from levelfield.results.derived import Derived
from levelfield.results.messaging import LEGEND, Retrieval, footnotes, is_verified, mark
from levelfield.results.model import Result
from levelfield.results.site.catalog import Entry
from levelfield.results.site.inputs import SiteInputs
from levelfield.results.site.publication import publications
from levelfield.results.site.words import edition_words, number

__all__ = ["footnotes_of", "notes_markup", "retrieval_of", "score"]


def score(result: Result, *children: Child) -> Markup:
    """A number with the marks that must stand next to it."""
    text = element("span", f"{'≈ ' if result.inferred else ''}{number(result.value)}", class_="score")
    return element("span", text, *children, *_tags(result), class_="value")


def _tags(result: Result) -> list[Markup]:
    words = [(mark(result), "warn")]
    words += [(word, "warn") for word in edition_words(result)]
    if result.void:
        words.append(("✗ void", "bad"))
    return [element("span", f" {word}", class_=f"tag {look}") for word, look in words if word]


def footnotes_of(
    entries: Sequence[Entry],
    inputs: SiteInputs,
    *,
    derived: Iterable[Derived] = (),
    extra: Iterable[str] = (),
    power: bool = True,
) -> tuple[str, ...]:
    """The footnotes of a table or chart that shows these results; the legend stands at the foot of every page.

    Args:
        entries: What is shown.
        inputs: Of the site.
        derived: Derived numbers that are shown.
        extra: What else has to be said, such as what could not be drawn.
        power: Whether power is shown where there is some.
    """
    results = [entry.result for entry in entries]
    if not power:
        results = [one if one.power_value is None else replace(one, power_value=None) for one in results]
    found = footnotes(results, retrieved=_retrieved(results, inputs), derived=derived)
    return (*(note.text for note in found if note.text != LEGEND), *extra)


def notes_markup(notes: Iterable[str]) -> Markup:
    """Footnotes under a table."""
    return element("div", *(element("p", note) for note in notes), class_="footnotes")


def retrieval_of(round_name: str, results: Iterable[Result], inputs: SiteInputs) -> Retrieval:
    """Where and when the results of a round were taken from: the round's repository for verified ones only."""
    known = publications().get(round_name)
    here = [result for result in results if result.round == round_name]
    verified = _sources(result for result in here if is_verified(result))
    if verified and known:
        verified = f"{known.repository} ({verified})"
    others = _sources(result for result in here if not is_verified(result))
    return Retrieval(url=" and, unverified, ".join(filter(None, (verified, others))), on=inputs.retrieved)


def _sources(results: Iterable[Result]) -> str:
    names = sorted({result.provenance.source for result in results})
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _retrieved(results: Sequence[Result], inputs: SiteInputs) -> dict[str, Retrieval]:
    return {name: retrieval_of(name, results, inputs) for name in {result.round for result in results}}

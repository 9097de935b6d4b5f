"""Words of ``levelfield results`` on the command line, each with the nearest one where it is unknown."""

from __future__ import annotations

from datetime import date

from levelfield.errors import UsageError, nearest
from levelfield.results.exports import Export
from levelfield.results.messaging import Retrieval
from levelfield.results.query import SortKey

__all__ = ["export_of", "retrieval_of", "sort_key_of"]


def sort_key_of(word: str) -> SortKey:
    """An order by its name.

    Raises:
        UsageError: There is no such order; the message names the nearest one.
    """
    if word.lower() not in list(SortKey):
        raise nearest(word, [key.value for key in SortKey], what="order")
    return SortKey(word.lower())


def export_of(word: str) -> Export:
    """A format by its name.

    Raises:
        UsageError: There is no such format; the message names the nearest one.
    """
    if word.lower() not in list(Export):
        raise nearest(word, [one.value for one in Export], what="format")
    return Export(word.lower())


def retrieval_of(text: str) -> tuple[str, Retrieval]:
    """``inference-v2.0=2022-04-06=https://…``: a round, and when and where it was retrieved.

    Raises:
        UsageError: It has another form.
    """
    round_name, _, rest = text.partition("=")
    day, _, url = rest.partition("=")
    try:
        retrieval = Retrieval(url=url, on=date.fromisoformat(day))
    except ValueError as error:
        raise UsageError(f"--retrieved: found {text!r}, expected ROUND=YYYY-MM-DD=URL.") from error
    if not (round_name and url.startswith("https://")):
        raise UsageError(f"--retrieved: found {text!r}, expected ROUND=YYYY-MM-DD=URL with an https address.")
    return round_name, retrieval

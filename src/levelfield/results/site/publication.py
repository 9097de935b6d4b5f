"""When each round was published, and where: results of a round that is not out yet are confidential."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

from levelfield.errors import UsageError

__all__ = ["Publication", "check_published", "publications", "soon_after"]

OTHERS_WAIT = timedelta(weeks=2)
"""Those who did not submit wait so long before they compare (results messaging guidelines, "When the rules apply")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One round."""

    round: str
    published: date
    source: str
    """A public page that was read and states the date; empty where none was."""
    repository: str
    """Where the round's results are."""


@cache
def publications() -> dict[str, Publication]:
    """Every round whose date is known, by its name."""
    text = resources.files("levelfield.results").joinpath("data/publication.toml").read_text(encoding="utf-8")
    return {name: Publication(round=name, **facts) for name, facts in tomllib.loads(text).items()}


def check_published(rounds: Iterable[str], today: date) -> None:
    """Refuse rounds that are not known to be published.

    Raises:
        UsageError: A round has no date of publication, or one that is still to come; every such round is named.
    """
    problems = []
    for name in sorted(set(rounds)):
        known = publications().get(name)
        if known is None:
            problems.append(f"{name}: no date of publication is known; known are {', '.join(sorted(publications()))}")
        elif known.published > today:
            problems.append(f"{name}: will be published on {known.published}, and today is {today}")
    if problems:
        raise UsageError(
            "Results may not be shown before their round is published.",
            problems=problems,
            hint="Leave those rounds out with --round, or build a site for yourselves with --private: every page then "
            "says that it is not to be passed on.",
        )


def soon_after(rounds: Iterable[str], today: date) -> tuple[str, ...]:
    """Rounds that were published less than two weeks ago: only their submitters may speak of them yet."""
    known = (publications().get(name) for name in sorted(set(rounds)))
    return tuple(one.round for one in known if one and one.published <= today < one.published + OTHERS_WAIT)

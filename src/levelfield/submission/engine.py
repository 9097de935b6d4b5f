"""What checking any suite needs: which checks run, and how many findings are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from levelfield.errors import UsageError, nearest
from levelfield.frozen import frozen
from levelfield.submission.finding import Finding, Severity, Skipped
from levelfield.submission.report import CheckText

__all__ = ["KEPT_OF_A_CODE", "Selection", "Tally"]

KEPT_OF_A_CODE = 1000
"""Findings of one code and severity that are kept; what is beyond is counted."""
OFFICIAL = "official"
"""Selects what the round's official checker looks at too."""


@frozen
class Selection:
    """Which checks run."""

    selected: tuple[str, ...] = ()
    """Codes, or the beginnings of codes; empty for all."""
    ignored: tuple[str, ...] = ()
    official: bool = False
    """Whether this is an official run: nothing may be left out."""

    @classmethod
    def parse(
        cls, texts: Iterable[CheckText], *, select: Iterable[str], ignore: Iterable[str], official: bool
    ) -> Selection:
        """Read codes as users give them: ``INF012``, ``INF``, several with commas, ``official``.

        Raises:
            UsageError: There is no such code, or an official run would leave checks out.
        """
        chosen, left_out = _words(select), _words(ignore)
        # An official word names no check, so that none needs to be loaded to understand it.
        named = any(word.lower() != OFFICIAL for word in (*chosen, *left_out))
        codes = [text.code for text in texts] if named else []
        selected, ignored = _known(codes, chosen), _known(codes, left_out)
        if official and (selected or ignored):
            raise UsageError(
                "An official run makes every check.", hint="Leave out --select and --ignore, or leave out --official."
            )
        return cls(selected=selected, ignored=ignored, official=official)

    @property
    def is_official_only(self) -> bool:
        """Whether only what the official submission checker looks at was asked for."""
        return self.selected == (OFFICIAL,)

    def takes(self, text: CheckText) -> bool:
        """Whether a check runs."""

        def named(words: tuple[str, ...]) -> bool:
            return any(text.official if word == OFFICIAL else text.code.startswith(word) for word in words)

        return (not self.selected or named(self.selected)) and not named(self.ignored)


def _words(given: Iterable[str]) -> list[str]:
    """Codes as users give them, one by one."""
    return [word for word in (part.strip() for entry in given for part in entry.split(",")) if word]


def _known(codes: Sequence[str], words: Iterable[str]) -> tuple[str, ...]:
    """The words, each of which begins a code, each once.

    Raises:
        UsageError: One does not.
    """
    found = []
    for word in words:
        code = OFFICIAL if word.lower() == OFFICIAL else word.upper()
        if code != OFFICIAL and not any(known.startswith(code) for known in codes):
            raise nearest(word, codes, what="check")
        found.append(code)
    return tuple(dict.fromkeys(found))


def _order(finding: Finding) -> tuple[str, int, str, str, str, int, str]:
    """Whatever may differ is in it, so that the order does not hang on which process found what first."""
    severity, expected = finding.severity.rank, finding.expected
    return (finding.path, finding.line, finding.code, finding.found, finding.subject, severity, expected)


@dataclass(slots=True)
class Tally:
    """Findings as they come, bounded; which are kept does not depend on the order in which they come."""

    kept: dict[tuple[str, Severity], list[Finding]] = field(default_factory=dict)
    counts: Counter[tuple[str, Severity]] = field(default_factory=Counter)
    by_subject: dict[str, dict[str, Severity]] = field(default_factory=dict)
    """By result: the codes found there, each with the most that it weighs. Complete, also where findings were cut."""
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in findings."""
        for finding in findings:
            key = (finding.code, finding.severity)
            self.counts[key] += 1
            kept = self.kept.setdefault(key, [])
            kept.append(finding)
            if len(kept) >= 2 * KEPT_OF_A_CODE:
                self._cut(kept)
            if finding.subject:
                codes = self.by_subject.setdefault(finding.subject, {})
                heaviest = codes.get(finding.code, finding.severity)
                codes[finding.code] = min(heaviest, finding.severity, key=lambda severity: severity.rank)

    def merge(self, other: Tally) -> None:
        """Take in what another part found."""
        for key, findings in other.kept.items():
            self.counts[key] += other.counts[key]
            kept = self.kept.setdefault(key, [])
            kept += findings
            if len(kept) >= 2 * KEPT_OF_A_CODE:
                self._cut(kept)
        for subject, codes in other.by_subject.items():
            own = self.by_subject.setdefault(subject, {})
            for code, severity in codes.items():
                own[code] = min(own.get(code, severity), severity, key=lambda one: one.rank)
        self.skipped += other.skipped

    def findings(self) -> tuple[Finding, ...]:
        """Those that are kept, by path, line and code."""
        for kept in self.kept.values():
            self._cut(kept)
        return tuple(sorted((finding for kept in self.kept.values() for finding in kept), key=_order))

    @property
    def left_out(self) -> int:
        """How many were found and are not kept."""
        return sum(max(0, count - KEPT_OF_A_CODE) for count in self.counts.values())

    @staticmethod
    def _cut(kept: list[Finding]) -> None:
        kept.sort(key=_order)
        del kept[KEPT_OF_A_CODE:]

"""What checking any suite needs: which checks run, how many findings are kept, and work spread over processes."""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from levelfield.errors import UsageError, nearest
from levelfield.submission.finding import Finding, Severity, Skipped
from levelfield.submission.report import CheckText

__all__ = ["KEPT_OF_A_CODE", "Selection", "Tally", "partition", "spread"]

Unit = TypeVar("Unit")
Outcome = TypeVar("Outcome")

KEPT_OF_A_CODE = 1000
"""Findings of one code and severity that are kept; what is beyond is counted."""
OFFICIAL = "official"
"""Selects what the round's official checker looks at too."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


def _order(finding: Finding) -> tuple[str, int, str, str, str]:
    return (finding.path, finding.line, finding.code, finding.found, finding.subject)


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


def partition(units: Sequence[Unit], weight: Callable[[Unit], int], parts: int) -> list[list[Unit]]:
    """Cut work into parts of about equal weight, each in the order given; no part is empty unless the first."""
    shares: list[list[int]] = [[] for _ in range(max(1, min(parts, len(units))))]
    loads = [0] * len(shares)
    for index in sorted(range(len(units)), key=lambda index: -weight(units[index])):
        lightest = loads.index(min(loads))
        shares[lightest].append(index)
        loads[lightest] += weight(units[index]) + 1
    return [[units[index] for index in sorted(share)] for share in shares]


def spread(work: Callable[[list[Unit]], Outcome], parts: Sequence[list[Unit]]) -> list[Outcome]:
    """Do each part in a process of its own, the first one in this.

    Where this process has threads, or the system cannot fork, all parts are done here, one after the other.

    Args:
        work: Called with a part; its outcome must be picklable.
        parts: At least one.
    """
    if len(parts) == 1 or not _may_fork():
        return [work(part) for part in parts]
    children = [_start(work, part) for part in parts[1:]]
    try:
        outcomes = [work(parts[0])]
        while children:
            outcomes.append(_finish(*children.pop(0)))
        return outcomes
    finally:
        for process, pipe in children:
            os.close(pipe)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _may_fork() -> bool:
    tasks = Path("/proc/self/task")
    return hasattr(os, "fork") and tasks.is_dir() and len(list(tasks.iterdir())) == 1


def _start(work: Callable[[list[Unit]], Outcome], part: list[Unit]) -> tuple[int, int]:
    """Start a child; returns its process and the pipe on which its outcome comes."""
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    code = 1
    try:
        os.close(reader)
        try:
            answer = pickle.dumps((True, work(part)), pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - the parent raises it
            answer = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(writer, "wb") as stream:
            stream.write(answer)
        code = 0
    finally:
        os._exit(code)


def _finish(process: int, pipe: int) -> Outcome:  # type: ignore[type-var]  # the outcome of the caller's own work
    with os.fdopen(pipe, "rb") as stream:
        answer = stream.read()
    os.waitpid(process, 0)
    if not answer:
        raise RuntimeError(f"the process {process} that checked a part ended without an answer")
    done, outcome = pickle.loads(answer)  # noqa: S301 - from our own child
    if not done:
        raise RuntimeError(f"checking a part broke in another process:\n{outcome}")
    found: Outcome = outcome
    return found

"""LoadGen's summary log, ``mlperf_log_summary.txt``: titled sections of ``label : value`` lines, and the totals.

Labels, the spacing before their colons, and the words VALID/INVALID and Yes/NO belong to the format: verification
scripts match on them. A run without a performance phase has the totals alone. Source: mlcommons/inference,
``loadgen/results.cc`` (``LogSummary``) and ``loadgen/logging.cc`` (``SetLogFiles``), at v2.0 and b66003e1.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from levelfield.errors import FormatError, InputError
from levelfield.frozen import frozen

__all__ = ["Section", "Summary", "closing_lines", "format_section", "parse_summary", "read_summary"]

RULE = "=" * 48
TOTALS = re.compile(r"(?P<count>No|[0-9]{1,19}) (?P<what>warnings?|errors?|ERRORS?) encountered(?: during test)?\..*")


@frozen
class Section:
    """A titled part of the summary."""

    title: str
    lines: tuple[str, ...]
    """Without their ends; blank lines at the end do not count."""

    def value(self, label: str) -> str | None:
        """The text behind a label and its colon; ``None`` where no line has the label."""
        for line in self.lines:
            head, colon, tail = line.partition(":")
            if colon and head.strip() == label:
                return tail.strip()
        return None

    def below(self, label: str) -> tuple[str, ...]:
        """The indented lines below ``label:``."""
        for index, line in enumerate(self.lines):
            if line.rstrip() == f"{label}:":
                rest = self.lines[index + 1 :]
                end = next((i for i, text in enumerate(rest) if not text.startswith(" ")), len(rest))
                return rest[:end]
        return ()


@frozen
class Summary:
    """A summary log."""

    sections: tuple[Section, ...]
    warning_count: int | None
    """``None`` where the log ends before its totals: the run was cut off."""
    error_count: int | None

    def text(self) -> str:
        """The text of the file."""
        return "".join(
            [
                *(("\n" if index else "") + format_section(section) for index, section in enumerate(self.sections)),
                "" if self.warning_count is None else _total(self.warning_count, "warning", "warnings"),
                "" if self.error_count is None else _total(self.error_count, "ERROR", "ERRORS"),
            ]
        )

    def value(self, label: str) -> str | None:
        """The text behind a label, in the first section that has it."""
        found = (section.value(label) for section in self.sections)
        return next((value for value in found if value is not None), None)

    @property
    def validity(self) -> str | None:
        """``VALID`` or ``INVALID``; ``None`` without a performance phase."""
        return self.value("Result is")


def format_section(section: Section) -> str:
    """The text of a section, title and all."""
    return "\n".join([RULE, section.title, RULE, *section.lines]) + "\n"


def closing_lines(*, warning_count: int, error_count: int) -> str:
    """The two paragraphs that end a summary."""
    return _total(warning_count, "warning", "warnings") + _total(error_count, "ERROR", "ERRORS")


def read_summary(path: Path) -> Summary:
    """Read a summary log.

    Raises:
        InputError: The file cannot be read.
        FormatError: It holds neither a section nor totals.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return parse_summary(text, source=path)


def parse_summary(text: str, *, source: Path | str) -> Summary:
    """Read the text of a summary log.

    Args:
        text: The content of the file.
        source: Which file, for the errors.

    Raises:
        FormatError: It holds neither a section nor totals.
    """
    summary = _parse(text)
    if not summary.sections and summary.warning_count is None and summary.error_count is None:
        raise FormatError(source, "whole file", "no section and no totals", "a LoadGen summary")
    return summary


def _parse(text: str) -> Summary:
    lines = text.split("\n")
    if "\r" in text:
        lines = [line.rstrip("\r") for line in lines]
    rules = [i for i, line in enumerate(lines) if line == RULE]
    titles = [i + 1 for i, following in pairwise(rules) if following == i + 2]
    totals: dict[str, int] = {}
    end = len(lines)
    for index in range(titles[-1] if titles else 0, len(lines)):
        if " encountered" in lines[index] and (found := TOTALS.fullmatch(lines[index])):
            end = min(end, index)
            count = 0 if found["count"] == "No" else int(found["count"])
            totals.setdefault(found["what"].lower().rstrip("s"), count)
    sections = []
    for position, title in enumerate(titles):
        stop = titles[position + 1] - 1 if position + 1 < len(titles) else end
        body = lines[title + 2 : stop]
        while body and not body[-1]:
            body.pop()
        sections.append(Section(title=lines[title], lines=tuple(body)))
    return Summary(sections=tuple(sections), warning_count=totals.get("warning"), error_count=totals.get("error"))


def _total(count: int, one: str, several: str) -> str:
    if count == 0:
        return f"\nNo {several.lower()} encountered during test.\n"
    return f"\n{count} {one if count == 1 else several} encountered. See detailed log.\n"

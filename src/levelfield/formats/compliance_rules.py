"""Rule files of the official compliance checker: the part of YAML that they are written in.

A file is a list of records with one key each (``BEGIN``, ``KEY``, ``END``); a record has fields; a field has a text or
a list of texts, and every scalar is a text. Source: mlcommons/logging, ``compliance_checker`` at beaf26d, which reads
them with a base loader. Texts come out as that loader gives them: plain and quoted scalars, ``>`` and ``|`` blocks,
comments. A field that stands twice in a record is kept twice, where YAML would let the last one win unseen.

What else YAML has (anchors, tags, flow collections, documents) is refused with its line, so no library is needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from levelfield.errors import FormatError

__all__ = ["RuleField", "RuleRecord", "RuleText", "read_compliance_rules"]

MAX_CHARACTERS = 4 << 20
MAX_QUOTED_LINES, MAX_QUOTED_CHARACTERS = 200, 200_000
MAX_FIELDS = 200
"""Of one record."""
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):(?:\s+(.*))?$")
_RECORD = re.compile(r"-\s+([A-Za-z_][A-Za-z0-9_]*):\s*$")
_BLOCK = re.compile(r"([>|])([+-]?)$")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t", "r": "\r", "0": "\0", " ": " "}
_REFUSED = "&*!%@`[]{},"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """One scalar."""

    text: str
    line: int
    """Where it begins, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleField:
    """One field of a record."""

    name: str
    """``NAME``, ``REQ``, ``CHECK``."""
    texts: tuple[RuleText, ...]
    """One, or those of its list; none where the field is empty."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRecord:
    """One record."""

    kind: str
    """``BEGIN``, ``KEY`` or ``END``; a file may hold any word."""
    fields: tuple[RuleField, ...]
    """In the order of the file, repeated ones included."""
    line: int

    def last(self, name: str) -> RuleField | None:
        """The field that counts for a reader of YAML, where it is repeated."""
        return next((field for field in reversed(self.fields) if field.name == name), None)

    @property
    def repeated(self) -> tuple[RuleField, ...]:
        """Fields that a later one of the same name hides."""
        return tuple(
            field
            for index, field in enumerate(self.fields)
            if any(later.name == field.name for later in self.fields[index + 1 :])
        )


def read_compliance_rules(text: str, *, source: str) -> tuple[RuleRecord, ...]:
    """Read a rule file.

    Args:
        text: Its content.
        source: What errors call it.

    Raises:
        FormatError: It is not in this part of YAML; the message names the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise FormatError(source, "as a whole", f"{len(text):,} characters", f"{MAX_CHARACTERS:,} at most")
    reader = _Reader(lines=text.splitlines(), source=source)
    records = []
    while reader.skip_blank():
        records.append(reader.record())
    return tuple(records)


@dataclass(slots=True, kw_only=True)
class _Reader:
    lines: list[str]
    source: str
    at: int = 0

    def wrong(self, expected: str, *, at: int | None = None) -> FormatError:
        index = self.at if at is None else at
        found = self.lines[index].strip()[:80] if index < len(self.lines) else ""
        return FormatError(self.source, f"line {index + 1}", repr(found) if found else "the end of the file", expected)

    def skip_blank(self) -> bool:
        """Go to the next line that says something; false at the end."""
        while self.at < len(self.lines) and _is_blank(self.lines[self.at]):
            self.at += 1
        return self.at < len(self.lines)

    def record(self) -> RuleRecord:
        line = self.lines[self.at]
        found = _RECORD.match(_without_comment(line))
        if found is None:
            raise self.wrong("a record as '- KEY:' at the beginning of the line")
        start = self.at
        self.at += 1
        fields: list[RuleField] = []
        depth = 0
        while self.skip_blank() and (indent := _indent(self.lines[self.at])) > 0:
            if depth and indent != depth:
                raise self.wrong(f"a field that is indented like the first one, by {depth}")
            depth = indent
            if len(fields) >= MAX_FIELDS:
                raise self.wrong(f"{MAX_FIELDS} fields of a record at most")
            fields.append(self.field(indent))
        return RuleRecord(kind=found[1], fields=tuple(fields), line=start + 1)

    def field(self, indent: int) -> RuleField:
        start = self.at
        found = _FIELD.match(self.lines[start].strip())
        if found is None:
            raise self.wrong("a field as 'NAME: text'")
        rest = (found[2] or "").strip()
        if rest and not rest.startswith("#"):
            return RuleField(name=found[1], texts=(self.scalar(rest, indent),), line=start + 1)
        self.at += 1
        texts: list[RuleText] = []
        while self.skip_blank() and _indent(self.lines[self.at]) >= indent:
            item = self.lines[self.at].strip()
            if not item.startswith("- "):
                break
            texts.append(self.scalar(item[2:].strip(), _indent(self.lines[self.at])))
        return RuleField(name=found[1], texts=tuple(texts), line=start + 1)

    def scalar(self, text: str, indent: int) -> RuleText:
        """A text that begins in the current line; leaves the line after its end."""
        start = self.at
        self.at += 1
        if block := _BLOCK.match(_without_comment(text)):
            return RuleText(text=self.block(indent, folded=block[1] == ">", chomp=block[2]), line=start + 1)
        if text[0] in "\"'":
            return RuleText(text=self.quoted(text, start), line=start + 1)
        if text[0] in _REFUSED or ": " in text:
            raise self.wrong("a text, in quotes where it begins with a sign", at=start)
        parts = [_without_comment(text)]
        while (
            self.at < len(self.lines) and not _is_blank(self.lines[self.at]) and _indent(self.lines[self.at]) > indent
        ):
            parts.append(_without_comment(self.lines[self.at].strip()))
            self.at += 1
        return RuleText(text=" ".join(parts), line=start + 1)

    def block(self, indent: int, *, folded: bool, chomp: str) -> str:
        lines: list[str] = []
        depth = 0
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip():
                depth = depth or _indent(line)
                if _indent(line) < depth or depth <= indent:
                    break
            lines.append(line[depth:] if line.strip() else "")
            self.at += 1
        while lines and not lines[-1]:
            lines.pop()
        text = _folded(lines) if folded else "\n".join(lines)
        return text + ("" if chomp == "-" or not text else "\n")

    def quoted(self, text: str, start: int) -> str:
        """A quoted text, over several lines where it is not closed in the first."""
        quote, parts = text[0], [text]
        while (end := _closing(text, quote)) < 0:
            too_long = len(parts) >= MAX_QUOTED_LINES or len(text) > MAX_QUOTED_CHARACTERS
            if self.at >= len(self.lines) or too_long:
                raise self.wrong(f"a closing {quote}", at=start)
            parts.append(self.lines[self.at].strip())
            text = _folded([parts[0].rstrip(), *parts[1:]])
            self.at += 1
        if _without_comment(f" {text[end + 1 :]}").strip():
            raise self.wrong(f"nothing after the closing {quote}", at=start)
        inner = text[1:end]
        if quote == "'":
            return inner.replace("''", "'")
        return re.sub(r"\\(.)", lambda found: self.unescaped(found[1], start), inner, flags=re.DOTALL)

    def unescaped(self, sign: str, start: int) -> str:
        if sign not in _ESCAPES:
            raise self.wrong(f"one of the escapes {' '.join(_ESCAPES)}, found {sign!r}", at=start)
        return _ESCAPES[sign]


def _is_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _without_comment(text: str) -> str:
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()


def _closing(text: str, quote: str) -> int:
    """Where a quoted text ends; -1 where it does not."""
    at = 1
    while at < len(text):
        if quote == '"' and text[at] == "\\":
            at += 2
            continue
        if text[at] == quote:
            if quote == "'" and text[at + 1 : at + 2] == "'":
                at += 2
                continue
            return at
        at += 1
    return -1


def _folded(lines: list[str]) -> str:
    """Join lines as ``>`` does: by a blank, but by line ends around lines that are indented further."""
    parts: list[str] = []
    before, blank = "", 0
    for line in lines:
        if not line:
            blank += 1
            continue
        if not before:
            parts.append("\n" * blank)
        elif before[0] in " \t" or line[0] in " \t":
            parts.append("\n" * (blank + 1))
        else:
            parts.append("\n" * blank or " ")
        parts.append(line)
        before, blank = line, 0
    return "".join(parts)

"""A lint for texts that use the mark: spelling, notice symbol, full name, no plural or possessive.

Messaging guidelines, section 11 (mlcommons/policies at c195f80f). Sentences that the guidelines prescribe are taken as
they are; so are file names, addresses and code, which are no use of the name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from levelfield.results.messaging import LEGEND, MIXED

__all__ = ["Wording", "lint"]

NAME = "MLPerf"
SUITES = ("Training", "Inference", "HPC", "Mobile", "Tiny", "Storage", "Client", "Automotive", "Endpoints")
_USE = re.compile(
    r"(?<![\w/.@-])(?P<name>ml[ \t_-]?perf)(?P<tail>['\u2019]s|s\b|['\u2019]d|ed\b|ing\b)?(?=(?P<after>[^\n]{0,40}))",
    re.IGNORECASE,
)
_NO_USE = re.compile(r"`[^`\n]*`|https?://\S+|\S*mlperf[_./]\S+", re.IGNORECASE)
_FULL_NAME = re.compile(rf"\s+(?:{'|'.join(SUITES)}|v\d[\d.]*)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One use of the name that the guidelines do not allow."""

    line: int
    """From 1."""
    found: str
    expected: str

    def __str__(self) -> str:
        """``line 3: found "MLPerf's", expected …``."""
        return f"line {self.line}: found {self.found!r}, expected {self.expected}."


def lint(text: str) -> tuple[Wording, ...]:
    """Every use of the name in a text that has to be changed, in order."""
    bare = text
    for sentence in (LEGEND, MIXED):
        # A page may break a prescribed sentence over lines.
        words = r"\s+".join(map(re.escape, sentence.split()))
        bare = re.sub(words, lambda match: _blank(match.group()), bare)
    bare = _NO_USE.sub(lambda match: _blank(match.group()), bare)
    found = []
    for use in _USE.finditer(bare):
        expected = _problem(use)
        if expected:
            shown = f"{use['name']}{use['tail'] or ''}{use['after'][:12]}".strip()
            found.append(Wording(line=text.count("\n", 0, use.start()) + 1, found=shown, expected=expected))
    return tuple(found)


def _problem(use: re.Match[str]) -> str | None:
    """What the guidelines expect instead; ``None`` where the use is as they want it."""
    if use["name"] != NAME:
        return f"the name as it is registered, {NAME}"
    if use["tail"]:
        return "no possessive, plural or verb of the name"
    if not use["after"].startswith("®"):
        return f"the notice symbol: {NAME}®"
    rest = use["after"][1:]
    if rest[:2] in {"'s", "\u2019s"}:
        return "no possessive, plural or verb of the name"
    if not _FULL_NAME.match(rest):
        return f"the full benchmark name after it, as {NAME}® Inference v2.0"
    return None


def _blank(text: str) -> str:
    """As long, with the same lines, and without words."""
    return re.sub(r"[^\n]", " ", text)

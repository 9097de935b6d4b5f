"""The published format of SQuAD v1.1: articles, their paragraphs, the questions on each, all accepted answers."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from levelfield.errors import DatasetError

__all__ = ["VERSION", "Answer", "Paragraph", "Question", "as_squad", "read_squad"]

VERSION = "1.1"
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A span of a paragraph that is accepted as the answer."""

    text: str
    start: int
    """Its first character in the paragraph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, and what annotators answered."""

    identity: str
    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A text and the questions on it."""

    context: str
    questions: tuple[Question, ...]


def as_squad(paragraphs: Iterable[Paragraph], *, title: str) -> dict[str, Any]:
    """The paragraphs as one article of a SQuAD file."""
    return {
        "version": VERSION,
        "data": [
            {
                "title": title,
                "paragraphs": [
                    {
                        "context": paragraph.context,
                        "qas": [
                            {
                                "id": question.identity,
                                "question": question.text,
                                "answers": [{"answer_start": a.start, "text": a.text} for a in question.answers],
                            }
                            for question in paragraph.questions
                        ],
                    }
                    for paragraph in paragraphs
                ],
            }
        ],
    }


def read_squad(path: Path) -> tuple[Paragraph, ...]:
    """Read ``dev-v1.1.json``, plain or as ``.gz``; paragraphs in the order of the file.

    Raises:
        DatasetError: It is missing, truncated or no SQuAD v1.1; what is wrong in it is listed by its place.
    """
    try:
        raw = path.read_bytes()
        document = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is not there.", hint="It is dev-v1.1.json of SQuAD v1.1.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(
            f"{path} is not JSON: {' '.join(str(error).split())}.",
            hint="It may be cut off: copy it again from its source.",
        ) from error
    return _Reading(path).paragraphs(document)


class _Reading:
    """From JSON to records; collects what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._problems: list[str] = []
        self._seen: dict[str, str] = {}

    def paragraphs(self, document: Any) -> tuple[Paragraph, ...]:
        version = document.get("version") if isinstance(document, Mapping) else None
        if version != VERSION:
            raise DatasetError(
                f"{self._path}, version: found {version!r}, expected {VERSION!r}.",
                hint="The benchmark is defined on SQuAD v1.1; v2.0 has questions without an answer.",
            )
        found = [
            paragraph
            for place, article in self._items(document, "data", "")
            for where, entry in self._items(article, "paragraphs", place)
            if (paragraph := self._paragraph(entry, where)) is not None
        ]
        if self._problems:
            rest = len(self._problems) - _SHOWN
            more = [f"and {rest} more"] if rest > 0 else []
            raise DatasetError(
                f"{self._path} is not a SQuAD v{VERSION} file that can be used.",
                problems=[*self._problems[:_SHOWN], *more],
            )
        if not self._seen:
            raise DatasetError(f"{self._path} holds no question.")
        return tuple(found)

    def _items(self, within: Any, key: str, place: str) -> Iterable[tuple[str, Any]]:
        where = f"{place}.{key}".lstrip(".")
        items = within.get(key) if isinstance(within, Mapping) else None
        if not isinstance(items, Sequence) or isinstance(items, str):
            self._problems.append(f"{where}: found {_kind(items)}, expected a list")
            return ()
        return ((f"{where}[{number}]", item) for number, item in enumerate(items))

    def _text(self, within: Any, key: str, place: str) -> str:
        value = within.get(key) if isinstance(within, Mapping) else None
        if isinstance(value, str):
            return value
        self._problems.append(f"{place}.{key}: found {_kind(value)}, expected a text")
        return ""

    def _paragraph(self, entry: Any, place: str) -> Paragraph | None:
        context = self._text(entry, "context", place)
        questions = tuple(self._question(item, where, context) for where, item in self._items(entry, "qas", place))
        return Paragraph(context=context, questions=questions)

    def _question(self, entry: Any, place: str, context: str) -> Question:
        identity = self._text(entry, "id", place)
        first = self._seen.setdefault(identity, place)
        if first != place:
            self._problems.append(f"{place}.id: found {identity!r} a second time, first at {first}")
        answers = tuple(self._answer(item, where, context) for where, item in self._items(entry, "answers", place))
        if not answers:
            self._problems.append(f"{place}.answers: found none, expected one or more")
        return Question(identity=identity, text=self._text(entry, "question", place), answers=answers)

    def _answer(self, entry: Any, place: str, context: str) -> Answer:
        text = self._text(entry, "text", place)
        start = entry.get("answer_start") if isinstance(entry, Mapping) else None
        if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start <= len(context):
            self._problems.append(
                f"{place}.answer_start: found {_kind(start)}, expected a position in the paragraph (0..{len(context)})"
            )
            start = 0
        return Answer(text=text, start=start)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, int | float | bool) else f"a {type(value).__name__}"

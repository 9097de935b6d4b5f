"""Passages and questions of the mini edition, from a grammar: who was born where, who keeps how many goats.

A passage tells several facts of three or four people in any order, at times by the surname alone. People share names
and facts share words, so that neither the name alone nor the kind of answer alone finds the answer. Every question has
exactly one true answer in its passage, which is the limit of what can be reached: F1 100.

A fifth of all pairs of first name and surname is kept out of training. The hard half of the test set has people with
such names only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from levelfield.workloads.question_answering.squad import Answer, Paragraph, Question

__all__ = ["Names", "passages", "vocabulary"]

STEMS = (
    *("bal", "ben", "bor", "cal", "dar", "del", "dun", "fal", "fer", "gar"),
    *("gol", "hal", "hel", "jor", "kal", "kel", "kor", "lan", "lor", "mar"),
)
FIRST_NAMES = tuple((STEMS[n % 20] + ["a", "o", "ila", "era"][n % 2 + n // 20 * 2]).capitalize() for n in range(30))
SURNAMES = tuple((STEMS[n % 20] + ["en", "is", "on", "ud"][n % 2 + n // 20 * 2]).capitalize() for n in range(30))
PLACE_ENDINGS = ["berg", "brook", "dale", "ford", "haven", "mouth", "stad", "ville", "wick", "worth"]
PLACE_WORDS = ["new", "old", "east", "west"]
ORGANISATIONS = ["bank", "mill", "school", "harbour", "theatre", "bakery"]
JOBS = ["doctor", "baker", "pilot", "sailor", "teacher", "painter", "judge", "farmer", "singer", "tailor"]
ANIMALS = ["goats", "horses", "cats", "bees", "geese", "sheep"]
GOODS = ["boat", "house", "piano", "garden", "tower", "bridge"]
MONTHS = ["march", "april", "june", "august", "october", "december"]
UNITS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "eleven", "twelve"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty"]

MOST_TRIES = 100
"""For the facts of a passage: three kinds of fact of few people may not give as many as were wanted."""
HELD_OUT_SHARE = 5
"""One full name in five is kept out of training."""


class Names(Enum):
    """Which full names people have."""

    SEEN = "seen"
    UNSEEN = "unseen"


class _Draw:
    """A stream of small draws from a seed, many taken from the generator at once."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self._block: list[float] = []

    def uniform(self) -> float:
        if not self._block:
            self._block = self._generator.random(4096).tolist()
        return self._block.pop()

    def below(self, limit: int) -> int:
        return int(self.uniform() * limit)

    def one(self, of: Sequence[str]) -> str:
        return of[self.below(len(of))]

    def order(self, count: int) -> list[int]:
        """A permutation of 0..count-1."""
        return [number for _, number in sorted((self.uniform(), number) for number in range(count))]


@dataclass(frozen=True, slots=True)
class _Person:
    first: str
    last: str

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class _Fact:
    """One sentence, with the questions that it answers."""

    sentence: str
    """``{x}`` stands for the person."""
    asked: tuple[tuple[str, str], ...]
    """Question and answer; both may hold ``{x}``."""
    kind: str
    """One person has one fact of a kind."""


def vocabulary() -> tuple[str, ...]:
    """The WordPiece vocabulary: marks, words of the grammar, names, pieces of places and of years."""
    words: set[str] = set()
    draw = _Draw(0)
    for make in _FACTS:
        for _ in range(8):
            fact = make(draw, "Person")
            for text in (fact.sentence, *(question for question, _ in fact.asked)):
                words |= {word.lower() for word in text.replace("{x}", " ").replace("?", " ").replace(".", " ").split()}
    names = {stem + ending for stem in STEMS for ending in PLACE_ENDINGS} | {"person"}
    grammar = {word for word in words - names if word.isalpha()}
    whole = {
        *(name.lower() for name in (*FIRST_NAMES, *SURNAMES)),
        *grammar,
        *PLACE_WORDS,
        *ORGANISATIONS,
        *JOBS,
        *ANIMALS,
        *GOODS,
        *MONTHS,
        *UNITS,
        *TENS,
    }
    endings = {f"##{ending}" for ending in PLACE_ENDINGS}
    digits = {f"##{number:02}" for number in range(100)} | {"17", "18", "19"}
    marks = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "?", "'", "s")
    return (*marks, *sorted(whole - set(marks)), *STEMS, *sorted(endings), *sorted(digits))


def passages(seed: int, count: int, *, names: Names, sentences: tuple[int, int] = (3, 6)) -> Iterator[Paragraph]:
    """Passages with one or two questions each.

    Args:
        seed: The same seed gives the same passages.
        count: How many.
        names: Whether people have names that training may see.
        sentences: Fewest and most in a passage.
    """
    draw = _Draw(seed)
    for number in range(count):
        yield _passage(draw, f"{names.value}-{seed}-{number}", names, sentences)


def _passage(draw: _Draw, identity: str, names: Names, sentences: tuple[int, int]) -> Paragraph:
    people = _people(draw, 3 + draw.below(2), names)
    wanted = sentences[0] + draw.below(sentences[1] - sentences[0] + 1)
    told: list[tuple[_Person, _Fact]] = []
    kinds: set[tuple[_Person, str]] = set()
    taken: set[str] = set()
    makers = [_FACTS[number] for number in draw.order(len(_FACTS))[:3]]
    for _ in range(MOST_TRIES):
        person = people[draw.below(len(people))]
        fact = makers[draw.below(len(makers))](draw, people[draw.below(len(people))].full)
        answers = {answer for _, answer in fact.asked if answer != "{x}"}
        # An object that occurs once has one place, and a question for its person one answer.
        if (person, fact.kind) in kinds or answers & taken or person.full in answers:
            continue
        kinds.add((person, fact.kind))
        taken |= answers
        told.append((person, fact))
        if len(told) == wanted:
            break
    return _written(draw, identity, told)


def _written(draw: _Draw, identity: str, told: list[tuple[_Person, _Fact]]) -> Paragraph:
    """The sentences, and a question on each of one or two of them."""
    text = ""
    starts: list[int] = []
    shown: list[str] = []
    surnames = [person.last for person in {person for person, _ in told}]
    introduced: set[_Person] = set()
    for person, fact in told:
        short = person in introduced and surnames.count(person.last) == 1 and draw.uniform() < 0.4
        introduced.add(person)
        shown.append(person.last if short else person.full)
        starts.append(len(text))
        text += fact.sentence.format(x=shown[-1]) + " "
    questions = []
    for number, at in enumerate(draw.order(len(told))[: 1 + draw.below(2)]):
        person, fact = told[at]
        question, answer = fact.asked[draw.below(len(fact.asked))]
        sentence = fact.sentence.format(x=shown[at])
        answer = answer.format(x=shown[at])
        start = sentence.rindex(answer) if answer != shown[at] else fact.sentence.index("{x}")
        questions.append(
            Question(
                identity=f"{identity}-{number}",
                text=question.format(x=person.full),
                answers=(Answer(text=answer, start=starts[at] + start),),
            )
        )
    return Paragraph(context=text.rstrip(), questions=tuple(questions))


def _people(draw: _Draw, count: int, names: Names) -> list[_Person]:
    """People of whom some share a first name or a surname, none both."""
    people: list[_Person] = []
    while len(people) < count:
        person = _Person(draw.one(FIRST_NAMES), draw.one(SURNAMES))
        if people and draw.uniform() < 0.35:
            person = _Person(people[-1].first, person.last)
        elif people and draw.uniform() < 0.35:
            person = _Person(person.first, people[-1].last)
        if person not in people and _is_held_out(person) is (names is Names.UNSEEN):
            people.append(person)
    return people


def _is_held_out(person: _Person) -> bool:
    return (FIRST_NAMES.index(person.first) + 2 * SURNAMES.index(person.last)) % HELD_OUT_SHARE == 0


def _place(draw: _Draw) -> str:
    name = (draw.one(STEMS) + draw.one(PLACE_ENDINGS)).capitalize()
    return f"{draw.one(PLACE_WORDS).capitalize()} {name}" if draw.uniform() < 0.3 else name


def _year(draw: _Draw) -> str:
    return f"{17 + draw.below(3)}{draw.below(100):02}"


def _number(draw: _Draw) -> str:
    return draw.one(UNITS) if draw.uniform() < 0.5 else f"{draw.one(TENS)} {draw.one(UNITS[:8])}"


def _born_in_place(draw: _Draw, _: str) -> _Fact:
    place = _place(draw)
    sentence = "{x} was born in " + place + "." if draw.uniform() < 0.6 else place + " is the birthplace of {x}."
    return _Fact(sentence, (("Where was {x} born?", place), (f"Who was born in {place}?", "{x}")), "birth")


def _built_in_year(draw: _Draw, _: str) -> _Fact:
    thing, year = draw.one(GOODS), _year(draw)
    sentence = "{x} built a " + f"{thing} in {year}." if draw.uniform() < 0.6 else f"In {year} {{x}} built a {thing}."
    return _Fact(
        sentence,
        (("When did {x} build a " + f"{thing}?", year), (f"Who built a {thing} in {year}?", "{x}")),
        f"built {thing}",
    )


def _keeps_animals(draw: _Draw, _: str) -> _Fact:
    number, animals = _number(draw), draw.one(ANIMALS)
    return _Fact(
        f"{{x}} keeps {number} {animals}.",
        ((f"How many {animals} does {{x}} keep?", number), (f"Who keeps {number} {animals}?", "{x}")),
        f"keeps {animals}",
    )


def _works_as(draw: _Draw, other: str) -> _Fact:
    job = draw.one(JOBS)
    return _Fact(
        f"{{x}} works as a {job} for {other}.",
        (("What is the job of {x}?", job), ("Who does {x} work for?", other)),
        "works",
    )


def _founded(draw: _Draw, _: str) -> _Fact:
    name = f"{draw.one(STEMS)}{draw.one(PLACE_ENDINGS)}".capitalize()
    organisation = f"{name} {draw.one(ORGANISATIONS).capitalize()}"
    year = _year(draw)
    sentence = (
        f"The {organisation} was founded by {{x}} in {year}."
        if draw.uniform() < 0.5
        else f"In {year} {{x}} founded the {organisation}."
    )
    return _Fact(
        sentence,
        (
            ("What did {x} found?", f"the {organisation}" if sentence.startswith("In") else f"The {organisation}"),
            (f"Who founded the {organisation}?", "{x}"),
            (f"When was the {organisation} founded?", year),
        ),
        "founded",
    )


def _married(draw: _Draw, other: str) -> _Fact:
    month, place = draw.one(MONTHS).capitalize(), _place(draw)
    return _Fact(
        f"{{x}} married {other} in {place} in {month}.",
        (("Whom did {x} marry?", other), ("Where did {x} marry?", place), ("When did {x} marry?", month)),
        "married",
    )


_FACTS = (_born_in_place, _built_in_year, _keeps_animals, _works_as, _founded, _married)

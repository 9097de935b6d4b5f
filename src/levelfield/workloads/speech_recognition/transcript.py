"""Text as it is compared: the official vocabulary, and the official way to bring a transcript into it.

Source: mlcommons/inference, tag v2.0, speech_recognition/rnnt/pytorch/configs/rnnt.toml (labels),
pytorch/parts/manifest.py and pytorch/parts/text/cleaners.py (``english_cleaners``). The published transcripts of
dev-clean are in this form already, all 2,703. Of two steps only what such text can need is here: letters with accents
lose them, while other characters outside ASCII and digits are refused, rather than guessed and spelled out.
"""

from __future__ import annotations

import re
import string
import unicodedata

__all__ = ["VOCABULARY", "normalised"]

VOCABULARY = " abcdefghijklmnopqrstuvwxyz'"
"""The character of each label; the blank, 28, has none."""

ABBREVIATIONS = {
    "mrs": "misess",
    "mr": "mister",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "maj": "major",
    "gen": "general",
    "drs": "doctors",
    "rev": "reverend",
    "lt": "lieutenant",
    "hon": "honorable",
    "sgt": "sergeant",
    "capt": "captain",
    "esq": "esquire",
    "ltd": "limited",
    "col": "colonel",
    "ft": "fort",
}
"""With a full stop after them; the first is spelled as the source spells it."""
_ABBREVIATION = re.compile(rf"\b({'|'.join(ABBREVIATIONS)})\.")
_PUNCTUATION = str.maketrans(dict.fromkeys(set(string.punctuation) - set("'&+"), " "))


def normalised(text: str) -> str:
    """Lower case, abbreviations written out, punctuation and what is outside the vocabulary gone, single spaces.

    Raises:
        ValueError: The text has digits, or letters that have no form in ASCII.
    """
    parts = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in parts if not unicodedata.combining(character))
    foreign = sorted({character for character in plain if not character.isascii() or character.isdigit()})
    if foreign:
        raise ValueError(f"found {' '.join(foreign)}, expected letters, apostrophes and punctuation of ASCII")
    written_out = _ABBREVIATION.sub(lambda match: ABBREVIATIONS[match[1]], plain.lower())
    spaced = written_out.translate(_PUNCTUATION).replace("&", " and ").replace("+", " plus ")
    collapsed = re.sub(r"\s+", " ", spaced).strip()
    return "".join(character for character in collapsed if character in VOCABULARY)

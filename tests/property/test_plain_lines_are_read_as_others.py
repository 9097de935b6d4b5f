"""Law: the expression for plain lines is a matter of speed: the general one reads the same from them."""

from __future__ import annotations

import re
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from levelfield.formats import loadgen_line
from levelfield.formats.loadgen_line import DetailLine, parse_line

NEVER = re.compile(r"(?!)")
letters = st.sampled_from([*'ab1.,:{}[]"\\ \n\r\t\x00é٣', '", "value": ', ', "time_ms": 1.5', "}}"])
texts = st.lists(letters, max_size=6).map("".join)
values = st.one_of(texts, texts.map('"{}"'.format), st.sampled_from(["1", "-1.5e-7", "true", "[1,2]", '{"a":"b"}']))


def told(text: str) -> DetailLine | str | None:
    try:
        return parse_line(text, number=3)
    except ValueError as error:
        return str(error)


@given(key=texts, value=values, number=texts, file=texts, tail=st.sampled_from(["", " ", "}", "\n"]))
@settings(max_examples=500, deadline=None)
def test_the_same_is_read(*, key: str, value: str, number: str, file: str, tail: str) -> None:
    for ms in ("1.5", f"1.{number}", "12.345678"):
        line = (
            f':::MLLOG {{"key": "{key}", "value": {value}, "time_ms": {ms}, "namespace": "mlperf::logging", '
            f'"event_type": "POINT_IN_TIME", "metadata": {{"is_error": false, "is_warning": true, "file": "{file}", '
            f'"line_no": 7, "pid": 1, "tid": 2}}}}{tail}'
        )
        found = told(line)
        with patch.object(loadgen_line, "PLAIN_LINE", NEVER):
            assert told(line) == found

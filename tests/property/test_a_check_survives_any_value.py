"""Law: whatever one value of one log, or one piece of one file, is replaced by, checking ends with a report.

Work stays bounded, too: a count of 99999999999 queries must not be counted to.
"""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_round import RULES, SYSTEM, MemorySource, small_round

from levelfield.submission.engine import Selection
from levelfield.submission.inference.check_round import check_round

FILES = {
    path: data for path, data in small_round().items() if "3d-unet-99" in path or "Server" in path or path == SYSTEM
}
LOGS = sorted(path for path in FILES if path.endswith("_detail.txt"))
VALUE = re.compile(rb'"value": .*?, "time_ms"')
VALUES = (
    b"0", b"-1", b"1", b"9" * 19, b"9" * 5000, b"1e999", b"-1e999", b"1e-320", b"null", b"true", b'""', b'"x"', b"[]",
    b"{}", b"nan", b"-nan", b"inf", b'"123"', b"1.5", b"99999999999", b"[1,2]", b'"Offline"', b"18446744073709551615",
    b"[" * 3000,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(LOGS), st.integers(0, 80), st.sampled_from(VALUES)), min_size=1, max_size=3))
def test_any_value_of_a_log(changes: list[tuple[str, int, bytes]]) -> None:
    files = dict(FILES)
    for path, line, value in changes:
        lines = files[path].split(b"\n")
        lines[line % len(lines)] = VALUE.sub(b'"value": ' + value + b', "time_ms"', lines[line % len(lines)], count=1)
        files[path] = b"\n".join(lines)
    report = check_round(MemorySource(files), RULES, Selection())
    assert len(report.results) <= 3


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(FILES)), st.binary(max_size=40), st.floats(0, 1), st.booleans())
def test_any_piece_of_a_file(path: str, piece: bytes, where: float, cut: bool) -> None:
    at = int(where * len(FILES[path]))
    rest = b"" if cut else FILES[path][at + len(piece) :]
    check_round(MemorySource(FILES | {path: FILES[path][:at] + piece + rest}), RULES, Selection())

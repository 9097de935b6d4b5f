"""Laws: what is written is read back, without a trap; a file without a trap is one that LoadGen takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from levelfield.errors import ConfigError
from levelfield.formats.loadgen_conf import KEYS, Kind, Line, as_double, as_u64, parse, write
from levelfield.formats.loadgen_conf_traps import traps
from levelfield.terms import Profile, Scenario


@st.composite
def lines(draw):
    key = draw(st.sampled_from(KEYS))
    match key.kind:
        case Kind.DOUBLE:
            value = draw(st.floats(0, 1e300, allow_nan=False, allow_infinity=False))
        case Kind.UNSIGNED:
            value = draw(st.integers(0, (1 << 64) - 1))
        case Kind.MODE:
            value = draw(st.integers(0, 3))
        case Kind.INT:
            value = draw(st.integers(0, (1 << 31) - 1))
        case _:
            value = draw(st.booleans())
    scenario = key.scenario or draw(st.sampled_from(["*", *Scenario]))
    model = draw(st.sampled_from(["*", "resnet50", "bert-99.9"]))
    return Line(model=model, scenario=scenario, key=key.name, value=value)


@given(st.lists(lines(), unique_by=lambda line: (line.model, line.scenario, line.key)))
def test_read_gives_back_what_was_written(written) -> None:
    text = write(written)
    entries = {entry.key: entry.text for entry in parse(text).entries}
    assert len(entries) == len(written)
    for line in written:
        found = entries[f"{line.model}.{line.scenario}.{line.key}"]
        assert (as_double(found) if isinstance(line.value, float) else as_u64(found)) == line.value
    assert traps(text, path="u", profile=Profile.V6) == ()


WORDS = st.sampled_from(
    ["*.*.mode", "*.Server.target_qps", "min", "=", "#", "5", "08", "0x", "1e3", "nan", "k=v", "#a", "-1", "\n", " "]
)


@given(st.lists(WORDS, max_size=12))
def test_a_file_without_a_trap_is_one_that_loadgen_takes(words) -> None:
    text = " ".join(words)
    if traps(text, path="u", profile=Profile.V6):
        return
    try:
        parse(text)
    except ConfigError as error:
        raise AssertionError(f"{text!r} has no trap but is rejected: {error}") from error

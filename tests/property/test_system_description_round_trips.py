"""Law: reading what was written gives back what was there, whatever texts the fields hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from levelfield.formats.system_description import REQUIRED_FIELDS, SystemDescription, parse_system_description

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = [name.replace("-", "_") for name in REQUIRED_FIELDS]


@given(
    values=st.fixed_dictionaries(dict.fromkeys(NAMES, TEXT)),
    extra=st.dictionaries(TEXT.filter(lambda name: name not in REQUIRED_FIELDS), TEXT, max_size=3),
)
def test_read_of_write_is_identity(values: dict[str, str], extra: dict[str, str]) -> None:
    description = SystemDescription(**values, extra=tuple(extra.items()))
    assert parse_system_description(description.to_json(), source="x") == description

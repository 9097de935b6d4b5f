"""Laws: laying the difference of two documents over the first gives the second; and the difference of a base and
what a delta made of it is that delta."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from levelfield.rules.document import difference, extend

KEYS = st.sampled_from(["a", "b", "c", "bert-99.9", ""])
LEAVES = st.sampled_from([0, 1, -1, 0.0, 1.0, -0.0, 0.5, True, False, "", "x", [], ["x"], ["x", "y"]])
TABLES = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=3),
    lambda inner: st.dictionaries(KEYS, LEAVES | inner, max_size=3),
    max_leaves=6,
)


@given(TABLES, TABLES)
def test_difference_leads_from_one_document_to_the_other(base, whole) -> None:
    before = repr(base)
    assert_same(extend(base, difference(base, whole)), whole)
    assert repr(base) == before


@given(TABLES, TABLES)
def test_extends_then_diff_gives_back_the_delta(base, whole) -> None:
    delta = difference(base, whole)
    assert difference(base, extend(base, delta)) == delta


@given(TABLES)
def test_a_document_does_not_differ_from_itself(document) -> None:
    assert difference(document, document) == {}


def assert_same(found, expected) -> None:
    """Equal, also in the types that == takes for equal (1, 1.0, True)."""
    assert type(found) is type(expected)
    if isinstance(found, dict):
        assert found.keys() == expected.keys()
        for key in found:
            assert_same(found[key], expected[key])
    else:
        assert repr(found) == repr(expected)

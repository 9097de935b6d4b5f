"""Different systems have different pages in every file system; a page keeps its name in any company."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from levelfield.results.site.slugs import slugs_of

TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["a b", "A-b", "a.b", "../x", "", "CON", "ß", "ss", "n" * 300]))
KEYS = st.lists(st.tuples(TEXTS, TEXTS), max_size=12, unique=True)


@given(KEYS)
def test_names_are_unique_and_safe(keys: list[tuple[str, str]]) -> None:
    names = slugs_of(keys, {key: key for key in keys})
    assert len({name.casefold() for name in names.values()}) == len(keys)
    for name in names.values():
        assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,90}", name)
        assert ".." not in name


@given(KEYS)
def test_a_name_that_is_not_shared_is_the_same_in_any_company(keys: list[tuple[str, str]]) -> None:
    together = slugs_of(keys, {key: key for key in keys})
    for key in keys:
        alone = slugs_of([key], {key: key})[key]
        assert together[key] in {alone, f"{alone}-{together[key].rpartition('-')[2]}"}

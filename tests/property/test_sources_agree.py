"""Law: the same tree gives the same files and bytes from every kind of source."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzz
from small_trees import KINDS, source_text

from levelfield.submission.sources.open import open_source

NAME = st.text(st.sampled_from("ab. -_~@#%\u00e9\u4e2d\U0001f600"), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."} and not name.startswith(".git")
)
PATH = st.lists(NAME, min_size=1, max_size=4).map("/".join)


def without_clashes(tree: dict[str, bytes]) -> dict[str, bytes]:
    """The tree without files that are folders of others."""
    return {path: data for path, data in tree.items() if not any(other.startswith(f"{path}/") for other in tree)}


@fuzz(10)
@given(st.dictionaries(PATH, st.binary(max_size=50), min_size=1, max_size=6).map(without_clashes))
def test_every_kind_gives_the_same(tree: dict[str, bytes]) -> None:
    with TemporaryDirectory() as folder:
        for kind in KINDS:
            source = open_source(source_text(kind, Path(folder) / kind, tree))
            assert {entry.path: source.read(entry.path) for entry in source.files()} == tree, kind
            assert [(entry.path, entry.size) for entry in source.files()] == sorted(
                (path, len(data)) for path, data in tree.items()
            )
            assert source.refused() == ()
            source.close()

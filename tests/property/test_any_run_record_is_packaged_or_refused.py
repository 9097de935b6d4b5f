"""Whatever stands in a ``run.json``, packaging makes a tree or says what is wrong, leaving nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from trained_runs import trained

from levelfield.errors import LevelfieldError
from levelfield.submission.package.request import PackageRequest
from levelfield.submission.package.training.package import package_training
from levelfield.terms import Division

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10**20) | st.floats() | st.text(max_size=5) | st.just("../x"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a document."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [deeper for key, inner in items for deeper in places(inner, (*path, key))]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_run_record_is_packaged_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = trained(Path(scratch) / "runs", (10.0, 11.0))
        document = json.loads((folder / "run.json").read_text())
        for _ in range(data.draw(st.integers(1, 2))):
            *way, last = data.draw(st.sampled_from(places(document)))
            holder = document
            for key in way:
                holder = holder[key]
            holder[last] = data.draw(VALUES)
        (folder / "run.json").write_text(json.dumps(document))
        out = Path(scratch) / "tree"
        request = PackageRequest(
            folders=(folder,),
            organisation="Acme",
            division=Division.CLOSED,
            out=out,
            round="training-v1.1",
            rehearsal=True,
        )
        try:
            made = package_training(request)
        except LevelfieldError as error:
            told = error.text()
            assert not out.exists(), told
        else:
            assert (made.root / "REHEARSAL.md").is_file()

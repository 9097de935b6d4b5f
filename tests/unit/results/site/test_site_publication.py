from __future__ import annotations

from datetime import date

import pytest

from levelfield.errors import UsageError
from levelfield.results.site.publication import check_published, publications, soon_after


def test_dates_and_their_sources_are_known() -> None:
    known = publications()
    assert known["inference-v2.0"].published == date(2022, 4, 6)
    assert known["training-v1.1"].published == date(2021, 12, 1)
    assert known["inference-v2.1"].source.startswith("https://insidehpc.com/2022/09/")
    assert all(one.source.startswith("https://") for one in known.values() if one.source)
    assert all(one.repository.startswith("https://github.com/mlcommons/") for one in known.values())


def test_rounds_without_a_date_or_with_one_to_come_are_all_refused_at_once() -> None:
    check_published(["inference-v2.0"], date(2022, 4, 6))
    with pytest.raises(UsageError) as caught:
        check_published(["inference-v2.0", "inference-v99.0", "training-v1.1"], date(2022, 4, 5))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["inference-v2.0", "inference-v99.0"]
    assert "2022-04-06" in caught.value.problems[0]
    assert "--private" in (caught.value.hint or "")


def test_two_weeks_after_publication_others_may_speak() -> None:
    assert soon_after(["inference-v2.0"], date(2022, 4, 19)) == ("inference-v2.0",)
    assert soon_after(["inference-v2.0"], date(2022, 4, 20)) == ()
    assert soon_after(["inference-v2.0", "unknown-v1"], date(2022, 4, 5)) == ()

"""Law: a report that was written as JSON and read back is the same report."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from reports import REPORTS

from levelfield.submission.outputs.json import read_json, write_json
from levelfield.submission.report import Report


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(REPORTS)
def test_read_of_written_is_the_same(report: Report) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "check.json"
        write_json(report, path)
        # NaN differs from itself; its representation does not.
        assert repr(read_json(path)) == repr(report)
        path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
        assert repr(read_json(path)) == repr(report)

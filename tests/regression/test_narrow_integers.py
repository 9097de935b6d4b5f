"""Records hold the narrowest integers; sums of two of them once wrapped around at 2.1 s."""

from __future__ import annotations

import numpy as np
from report_runs import single_stream

from levelfield.inference.report.run import ReportedRun, completion_times_ns


def test_completion_after_two_seconds_is_not_negative() -> None:
    run = ReportedRun(
        result=single_stream().result,
        scheduled_ns=np.array([0, 2_000_000_000], np.int32),
        issue_delay_ns=np.zeros(2, np.int16),
        latency_ns=np.array([5, 1_500_000_000], np.int32),
    )
    assert completion_times_ns(run).tolist() == [5, 3_500_000_000]

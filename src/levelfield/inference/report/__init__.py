"""The report: one HTML file with everything that a reader needs to judge a result; it asks the network for nothing."""

from __future__ import annotations

from levelfield.inference.report.page import render_report, write_report
from levelfield.inference.report.run import ReportedRun

__all__ = ["ReportedRun", "render_report", "write_report"]

"""The checks of a session: the eleven of the official check in its order, then our own."""

from levelfield.submission.power.check import SessionCheck
from levelfield.submission.power.checks.checksums import CHECKSUMS
from levelfield.submission.power.checks.complaints import COMPLAINTS
from levelfield.submission.power.checks.daemon import DAEMON_MESSAGES, DAEMON_REPLIES
from levelfield.submission.power.checks.identity import MESSAGES, SESSION_NAME, UUIDS
from levelfield.submission.power.checks.readable import READABLE
from levelfield.submission.power.checks.samples import DAEMON_SUMMARY, FIXED_RANGES, GAPS, OWN_SAMPLES, SAMPLES
from levelfield.submission.power.checks.setup import ANALYZER_SETUP, DEBUG, SIMULATED
from levelfield.submission.power.checks.sources import CLIENT_SOURCES, SERVER_SOURCES
from levelfield.submission.power.checks.timing import TIMING

__all__ = ["SESSION_CHECKS"]

SESSION_CHECKS: tuple[SessionCheck, ...] = (
    CLIENT_SOURCES,
    SERVER_SOURCES,
    DAEMON_MESSAGES,
    UUIDS,
    SESSION_NAME,
    TIMING,
    MESSAGES,
    CHECKSUMS,
    COMPLAINTS,
    ANALYZER_SETUP,
    DEBUG,
    READABLE,
    SAMPLES,
    GAPS,
    DAEMON_SUMMARY,
    FIXED_RANGES,
    SIMULATED,
    OWN_SAMPLES,
    DAEMON_REPLIES,
)
"""By code, ``PWR001`` first."""

"""What the tools say to each other, as far as checks look at it. Source: mlcommons/power-dev at f7b3b51 and c4b3ad8."""

from __future__ import annotations

__all__ = [
    "DAYLIGHT_SAVING_S",
    "EXPECTED_REPLIES",
    "MEASUREMENTS",
    "NOTHING_TO_STOP",
    "RESTORING_VOLTS",
    "TWO_CHANNELS",
]

EXPECTED_REPLIES = (
    ("SR,A", "Range A changed"),
    ("SR,V", "Range V changed"),
    ("Go,1000,", "Starting untimed measurement, maximum 500000 samples at 1000ms with 0 rampup samples"),
    ("Stop", "Stopping untimed measurement"),
)
"""PTDaemon's replies, by the beginning of the command."""
MEASUREMENTS = 2
"""Of a session: ranging and testing. The server sends one Stop more, which is answered by:"""
NOTHING_TO_STOP = "Error: no measurement to stop"
RESTORING_VOLTS = 3
"""Which of the commands that set the volt range restores the one from before the session, from 1."""
TWO_CHANNELS = 77
"""Device type of the analyzer that is used with a first channel and a number of channels only."""
DAYLIGHT_SAVING_S = 3600
"""What the official check lets LoadGen's clock be ahead."""

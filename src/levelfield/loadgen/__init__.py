"""The load generator: settings, schedule, issuing, recording, verdict, logs."""

from __future__ import annotations

from levelfield.loadgen.asyncio_system import AsyncSystem
from levelfield.loadgen.function_system import FunctionSystem
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.ports import Completions, SampleLibrary, SystemUnderTest
from levelfield.loadgen.record import read_record
from levelfield.loadgen.run import IssuingChoice, RunOptions, TestRun, run_test
from levelfield.loadgen.settings import MultiStream, Offline, Seeds, Server, Settings, SingleStream, Tokens

__all__ = [
    "AsyncSystem",
    "Completions",
    "FunctionSystem",
    "IssuingChoice",
    "LogOptions",
    "Measurement",
    "MultiStream",
    "Offline",
    "RunOptions",
    "SampleLibrary",
    "Seeds",
    "Server",
    "Settings",
    "SingleStream",
    "SystemUnderTest",
    "TestRun",
    "Tokens",
    "read_record",
    "run_test",
]

"""A small valid measured session, to be changed in one place and written.

Ranging and testing run for 60 s each at about 100 W; records and logs have what a real session has.
``SampleSession().write()`` gives the files by name, hashes filled in; change the fields before, or the files behind.
"""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from levelfield.formats.loadgen_line import detail_line
from levelfield.formats.power_session import FileName
from levelfield.formats.power_time import format_power_time
from levelfield.formats.spl_log import Reading, SplSample, spl_text
from levelfield.rules.power_check import power_check

NAME = "2022-02-07_10-58-49"
START_S = 1_644_231_529
"""02-07-2022 10:58:49 UTC."""
LOAD_S = 60
CLIENT_UUID, SERVER_UUID = "43a9567f-840e-4797-9baf-7141e08567e1", "72f22467-fc1b-425d-8991-1b848724c891"
IDENTITY = (
    "YokogawaWT310E,1000,1,1,1,1,0,1,1,version=1.9.2-e8c7a49a-20201208,OS=Linux,mode=power,1,1,1,0,0,no_cal_date,"
    "YOKOGAWA;WT310E;C3XA04010E;F1.04"
)
STARTING = "Starting untimed measurement, maximum 500000 samples at 1000ms with 0 rampup samples"
BEGINS = {"ranging": START_S + 30, "testing": START_S + 130}
"""Of the loads, in s since the epoch; testing begins at 02-07-2022 11:00:59."""
FOLDERS = {"ranging": "ranging", "testing": "run_1"}


def ns(seconds: float) -> int:
    return round(seconds * 1000) * 1_000_000


def stamp(seconds: float) -> str:
    return format_power_time(ns(seconds))


def marks(phase: str, *, ahead_s: float = 0.0) -> list[list[float]]:
    """Load begins 2 s after the second mark and ends 1 s before the third."""
    begin = BEGINS[phase]
    moments = (begin - 30, begin - 2, begin + LOAD_S + 1, begin + LOAD_S + 11)
    return [[moment + ahead_s, moment - START_S + 1000.5] for moment in moments]


def messages() -> list[dict[str, str]]:
    pairs = [
        ("mlcommons/power client v3", "mlcommons/power server v3"),
        ("time", "1644231529.7551208"),
        (f"new,,{CLIENT_UUID}", f"OK {NAME},{SERVER_UUID}"),
        (f"session,{NAME},start,ranging", "OK"),
        (f"session,{NAME},stop,ranging", "OK"),
        ("time", "1644231629.7551208"),
        (f"session,{NAME},start,testing", "OK"),
        (f"session,{NAME},stop,testing", "OK"),
    ]
    return [{"cmd": cmd, "cmd_time": 1.5, "reply": reply, "reply_time": 1.6} for cmd, reply in pairs]


def ptd_messages() -> list[dict[str, str]]:
    pairs = [
        ("Hello", "Hello, PTDaemon here!"),
        ("Identify", IDENTITY),
        ("RR", "Ranges,0,0.500000,1,300.000000"),
        ("SR,V,Auto", "Range V changed"),
        ("SR,A,Auto", "Range A changed"),
        (f"Go,1000,0,{NAME}_ranging", STARTING),
        ("Stop", "Stopping untimed measurement"),
        ("SR,V,230.000000", "Range V changed"),
        ("SR,A,0.500000", "Range A changed"),
        (f"Go,1000,0,{NAME}_testing", STARTING),
        ("Stop", "Stopping untimed measurement"),
        ("Stop", "Error: no measurement to stop"),
        ("SR,V,Auto", "Range V changed"),
        ("SR,A,0.500000", "Range A changed"),
    ]
    return [{"cmd": cmd, "reply": reply} for cmd, reply in pairs]


def record(*, ahead_s: float = 0.0) -> dict:
    sources = power_check("f7b3b51").sources[-1].sha1_by_file
    return {
        "version": "1.0",
        "timezone": 0,
        "modules": {"ptd_client_server.lib.client": "lib/client.py"},
        "sources": dict(sources),
        "messages": messages(),
        "uuid": {"client": CLIENT_UUID, "server": SERVER_UUID},
        "session_name": NAME,
        "results": {},
        "phases": {phase: marks(phase, ahead_s=ahead_s) for phase in BEGINS},
    }


def samples(phase: str) -> list[SplSample]:
    """One a second, from before the load to after it: 100 W and 102 W in turn."""
    begin = BEGINS[phase]
    return [
        SplSample(
            time_ns=ns(begin - 1.7 + second),
            total=Reading(watts=100.0 + 2 * (second % 2), volts=230.0, amps=0.45, power_factor=0.98),
            mark=f"{NAME}_{phase}",
        )
        for second in range(LOAD_S + 4)
    ]


def detail_log(phase: str, *, scenario: str = "Offline", queries: int = 1, shift_s: float = 0.0) -> str:
    begin = BEGINS[phase] + shift_s
    values = {
        "effective_scenario": scenario,
        "power_begin": stamp(begin),
        "power_end": stamp(begin + LOAD_S),
        "result_query_count": queries,
    }
    lines = [
        detail_line(key, value, time_ns=1000, file="loadgen.cc", line_no=1, pid=1, tid=1)
        for key, value in values.items()
    ]
    return "".join(f"{line.text()}\n" for line in lines)


def ptd_log() -> list[str]:
    """Lines; the complaints are those of automatic ranges, for every sample of ranging."""
    lines = ["Selected power meter 'Yokogawa WT310' from wt310.cpp", "SPEC PTDaemon Tool", ""]
    lines += [
        f"{stamp(START_S + 1)}: Uncertainty checking for YokogawaWT310E is activated",
        f"{stamp(START_S + 1)}: Connected to YokogawaWT310E successfully",
    ]
    commands = ptd_messages()
    moments = [2, 2, 2, 3, 4, 27, 102, 104, 106, 127, 202, 202, 204, 206]
    for command, moment in zip(commands, moments, strict=True):
        text = command["cmd"]
        if text.startswith("Go"):
            lines.append(f"{stamp(START_S + moment)}: Go with mark '{text.rpartition(',')[2]}'")
        lines.append(f"{stamp(START_S + moment)}: Response to client sent: {command['reply']}")
        if text == "Go,1000,0," + f"{NAME}_ranging":
            for sample in samples("ranging"):
                at = format_power_time(sample.time_ns)
                lines += [
                    f"{at}: ERROR: Can't evaluate uncertainty of this sample!",
                    f"{at}: WARNING: Uncertainty unknown for the last measurement sample! channel 0",
                ]
        if command["reply"].startswith("Stopping"):
            summary = "Avg watts 101.0, min watts 100.0, max watts 102.0, samples 64, errors 0, valid 64"
            lines += [f"{stamp(START_S + moment + 0.2)}: {text}" for text in ("Completed test", summary)]
    return lines


@dataclass
class SampleSession:
    """The parts of a session, all of them open to change."""

    client: dict = field(default_factory=record)
    server: dict = field(
        default_factory=lambda: {
            **deepcopy(record(ahead_s=0.01)),
            "ptd_messages": ptd_messages(),
            "ptd_config": {
                "command": ["ptd", "-l", "log.txt", "-p", "8888", "49", "/dev/usbtmc0"],
                "device_type": 49,
                "interface_flag": "",
                "device_port": "/dev/usbtmc0",
                "channel": None,
            },
        }
    )
    ranging: list[SplSample] = field(default_factory=lambda: samples("ranging"))
    testing: list[SplSample] = field(default_factory=lambda: samples("testing"))
    ptd_lines: list[str] = field(default_factory=ptd_log)
    details: dict[str, str] = field(default_factory=lambda: {phase: detail_log(phase) for phase in BEGINS})
    files: dict[FileName, bytes] = field(default_factory=dict)
    """What stands in place of a file, before the hashes are taken."""

    def write(self) -> dict[FileName, bytes]:
        """Every file by name, with the hashes of the records filled in."""
        found = {
            FileName.CLIENT_LOG: b"client 2022-02-07 10:58:49,717 [INFO] Done runs\n",
            FileName.SERVER_LOG: b"ptd-server 2022-02-07 10:58:49,754 [INFO] Stopping ptd...\n",
            FileName.PTD_LOGS: "".join(f"{line}\n" for line in self.ptd_lines).encode(),
            FileName.RANGING_SPL: spl_text(self.ranging).encode(),
            FileName.TESTING_SPL: spl_text(self.testing).encode(),
            FileName.RANGING_DETAIL: self.details["ranging"].encode(),
            FileName.TESTING_DETAIL: self.details["testing"].encode(),
            FileName.RANGING_SUMMARY: b"Result is : VALID\n",
            FileName.TESTING_SUMMARY: b"Result is : VALID\n",
            **self.files,
        }
        of_server = {FileName.PTD_LOGS, FileName.SERVER_LOG, FileName.RANGING_SPL, FileName.TESTING_SPL}
        digests = {name: hashlib.sha1(data).hexdigest() for name, data in found.items()}
        self.client["results"] |= {name: digest for name, digest in digests.items() if name not in of_server}
        self.server["results"] |= {name: digest for name, digest in digests.items() if name in of_server}
        found[FileName.CLIENT_JSON] = json.dumps(self.client, indent=4).encode()
        found[FileName.SERVER_JSON] = json.dumps(self.server, indent=4).encode()
        return found


def write_to(folder: Path, files: dict[FileName, bytes]) -> Path:
    """Write a session to disk and return its folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder

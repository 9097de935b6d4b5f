"""Valid sessions with one thing wrong, each with what our checks must say of it: code, severity, file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from power_sessions import BEGINS, CLIENT_UUID, LOAD_S, NAME, SampleSession, detail_log, ns, samples, stamp

from levelfield.formats.power_session import FileName
from levelfield.formats.spl_log import Reading
from levelfield.rules.power_check import power_check

Files = dict[FileName, bytes]
Expected = set[tuple[str, str, str]]
C, S, LOG = FileName.CLIENT_JSON, FileName.SERVER_JSON, FileName.PTD_LOGS
RSPL, TSPL = FileName.RANGING_SPL, FileName.TESTING_SPL
RDETAIL, TDETAIL = FileName.RANGING_DETAIL, FileName.TESTING_DETAIL
UNDER_LOAD = BEGINS["testing"] + 30


@dataclass(frozen=True)
class Mutation:
    expected: Expected
    before: Callable[[SampleSession], object] = lambda _: None
    """Changes the parts; hashes are taken after it."""
    after: Callable[[Files], object] = lambda _: None
    """Changes the written files; hashes are not."""

    def files(self) -> Files:
        session = SampleSession()
        self.before(session)
        found = session.write()
        self.after(found)
        return found


def set_in(side: str, *path: str | int, value: object) -> Callable[[SampleSession], None]:
    """Put a value into one of the records."""

    def change(session: SampleSession) -> None:
        at = getattr(session, side)
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


def both(*path: str | int, value: object) -> Callable[[SampleSession], None]:
    def change(session: SampleSession) -> None:
        for side in ("client", "server"):
            set_in(side, *path, value=value)(session)

    return change


def drop(side: str, key: str) -> Callable[[SampleSession], None]:
    return lambda session: getattr(session, side).pop(key)


def replace_bytes(name: FileName, old: bytes, new: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return change


def log_line(text: str, at: float, *, place: int | None = None) -> Callable[[SampleSession], None]:
    """One more line of the daemon."""

    def change(session: SampleSession) -> None:
        where = len(session.ptd_lines) if place is None else place
        session.ptd_lines.insert(where, f"{stamp(at)}: {text}")

    return change


def shift_clock(by_s: float) -> Callable[[SampleSession], None]:
    def change(session: SampleSession) -> None:
        for phase in session.server["phases"].values():
            for mark in phase:
                mark[0] += by_s

    return change


def watts(change: Callable[[int, float], float], phase: str = "testing") -> Callable[[SampleSession], None]:
    """Change watts by place and value."""

    def apply(session: SampleSession) -> None:
        kept = getattr(session, phase)
        kept[:] = [
            replace(one, total=replace(one.total, watts=change(place, one.total.watts)))
            for place, one in enumerate(kept)
        ]

    return apply


def no_summary(session: SampleSession) -> None:
    session.ptd_lines = [line for line in session.ptd_lines if "Avg watts" not in line]


def then(*changes: Callable[[SampleSession], object]) -> Callable[[SampleSession], None]:
    def change(session: SampleSession) -> None:
        for one in changes:
            one(session)

    return change


def without_lines(text: str) -> Callable[[SampleSession], None]:
    def change(session: SampleSession) -> None:
        assert any(text in line for line in session.ptd_lines)
        session.ptd_lines = [line for line in session.ptd_lines if text not in line]

    return change


def without_samples(first: int, last: int) -> Callable[[SampleSession], None]:
    def change(session: SampleSession) -> None:
        del session.testing[first:last]

    return change


def load(phase: str, *, shift_s: float = 0.0) -> Callable[[SampleSession], None]:
    def change(session: SampleSession) -> None:
        session.details[phase] = detail_log(phase, shift_s=shift_s)

    return change


def replace_detail(old: str, new: str) -> Callable[[SampleSession], None]:
    def change(session: SampleSession) -> None:
        assert old in session.details["testing"]
        session.details["testing"] = session.details["testing"].replace(old, new)

    return change


def line_ends(*names: FileName, end: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        for name in names:
            files[name] = files[name].replace(b"\r\n", b"\n").replace(b"\n", end)

    return change


def crlf_when_hashed(session: SampleSession) -> None:
    """The files had CRLF when they were hashed; git made LF of it."""
    written = SampleSession().write()
    session.files = {name: written[name].replace(b"\n", b"\r\n") for name in (RSPL, TSPL)}


def mixed_when_hashed(session: SampleSession) -> None:
    session.files = {LOG: SampleSession().write()[LOG].replace(b"changed\n", b"changed\r\n")}


def reverse_testing(session: SampleSession) -> None:
    session.testing.reverse()


def split_server_record(files: Files) -> None:
    files[S] = files[S][: len(files[S]) // 2]


def void(code: str, file: str) -> Expected:
    return {(code, "void", file)}


def error(code: str, file: str) -> Expected:
    return {(code, "error", file)}


def warning(code: str, file: str) -> Expected:
    return {(code, "warning", file)}


def channels(session: SampleSession) -> None:
    """An analyzer with two channels: totals of -1."""
    for kept in (session.ranging, session.testing):
        kept[:] = [
            replace(
                one,
                total=Reading(watts=one.total.watts, volts=-1.0, amps=-1.0, power_factor=-1.0),
                channels=(
                    Reading(watts=one.total.watts, volts=230.0, amps=0.45, power_factor=0.98),
                    Reading(watts=0.0, volts=0.0, amps=0.0, power_factor=0.0),
                ),
            )
            for one in kept
        ]


TWO = ["ptd", "-c", "1,2", "77", "/dev/x"]

REPLIES = error("PWR019", S)
"""The daemon's log was left as it is."""

MUTATIONS: dict[str, Mutation] = {
    "nothing": Mutation(set()),
    "two channels": Mutation(set(), before=channels),
    # PWR001, PWR002
    "client source changed": Mutation(
        error("PWR001", C), before=set_in("client", "sources", "client.py", value="0" * 40)
    ),
    "server source missing": Mutation(error("PWR002", S), before=lambda s: s.server["sources"].pop("server.py")),
    # PWR003
    "old daemon": Mutation(
        void("PWR003", S) | REPLIES,
        before=set_in("server", "ptd_messages", 1, "reply", value="YokogawaWT310E,version=1.8.0-e8c7a49a-20201208"),
    ),
    "other analyzer": Mutation(
        void("PWR003", S) | REPLIES,
        before=then(
            lambda s: s.server["ptd_messages"][1].update(
                reply=s.server["ptd_messages"][1]["reply"].replace("WT310E", "WT9")
            ),
        ),
    ),
    "no Identify": Mutation(void("PWR003", S) | REPLIES, before=lambda s: s.server["ptd_messages"].pop(1)),
    "range refused": Mutation(
        error("PWR003", S) | REPLIES, before=set_in("server", "ptd_messages", 8, "reply", value="Error: range")
    ),
    "Go refused": Mutation(
        error("PWR003", S) | REPLIES, before=set_in("server", "ptd_messages", 9, "reply", value="Error")
    ),
    "third Stop accepted": Mutation(
        error("PWR003", S) | REPLIES,
        before=set_in("server", "ptd_messages", 11, "reply", value="Stopping untimed measurement"),
    ),
    "range not restored": Mutation(
        error("PWR003", S), before=set_in("server", "ptd_messages", 13, "cmd", value="SR,A,Auto")
    ),
    "no RR": Mutation(error("PWR003", S), before=set_in("server", "ptd_messages", 2, "cmd", value="Hello")),
    "RR cut": Mutation(
        error("PWR003", S) | REPLIES, before=set_in("server", "ptd_messages", 2, "reply", value="Ranges,0")
    ),
    # PWR004, PWR005, PWR007
    "wrong uuid": Mutation(
        void("PWR004", S), before=set_in("server", "uuid", "client", value="00000000-840e-4797-9baf-7141e08567e1")
    ),
    "uuid is none": Mutation(void("PWR004", S), before=both("uuid", "server", value="xyz")),
    "uuid in capitals": Mutation(set(), before=set_in("server", "uuid", "client", value=CLIENT_UUID.upper())),
    "other session in the client's record": Mutation(
        void("PWR005", S), before=set_in("client", "session_name", value="2022-02-07_11-58-49")
    ),
    "message missing": Mutation(error("PWR007", S), before=lambda s: s.server["messages"].pop()),
    "reply changed": Mutation(error("PWR007", S), before=set_in("server", "messages", 3, "reply", value="Error")),
    "command changed": Mutation(error("PWR007", S), before=set_in("client", "messages", 3, "cmd", value="time")),
    "time reply differs": Mutation(set(), before=set_in("server", "messages", 1, "reply", value="1.0")),
    "versions differ": Mutation(
        error("PWR007", S), before=both("messages", 0, "reply", value="mlcommons/power server v2")
    ),
    # PWR006
    "clocks 150 ms apart": Mutation(set(), before=shift_clock(0.14)),
    "clocks 300 ms apart": Mutation(warning("PWR006", C), before=shift_clock(0.29)),
    "clocks 900 ms apart": Mutation(void("PWR006", C), before=shift_clock(0.89)),
    "a mark missing": Mutation(error("PWR006", C), before=lambda s: s.server["phases"]["testing"].pop()),
    "no marks": Mutation(error("PWR006", C), before=both("phases", "ranging", value=[])),
    "marks out of order": Mutation(
        error("PWR006", C), before=lambda s: s.client["phases"]["testing"][3].__setitem__(1, 1.0)
    ),
    "load one hour ahead": Mutation(warning("PWR006", RDETAIL), before=load("ranging", shift_s=3600)),
    "load outside its phase": Mutation(void("PWR006", RDETAIL), before=load("ranging", shift_s=7200)),
    "shorter testing": Mutation(
        error("PWR006", TDETAIL),
        before=replace_detail(stamp(BEGINS["testing"] + LOAD_S), stamp(BEGINS["testing"] + LOAD_S - 10)),
    ),
    "less power than ranging": Mutation(
        warning("PWR006", TSPL), before=then(no_summary, watts(lambda _, value: value * 0.94))
    ),
    # PWR008
    "sample file changed": Mutation(
        void("PWR008", TSPL), after=replace_bytes(TSPL, b"Watts,100.000000", b"Watts,100.000001")
    ),
    "samples scaled": Mutation(
        void("PWR008", TSPL) | void("PWR015", TSPL), after=replace_bytes(TSPL, b"Watts,102.", b"Watts,101.")
    ),
    "detail log changed": Mutation(void("PWR008", TDETAIL), after=replace_bytes(TDETAIL, b"loadgen.cc", b"loadgen.cd")),
    "hash not recorded": Mutation(
        void("PWR008", FileName.SERVER_LOG), after=replace_bytes(S, b'"power/server.log"', b'"power/other.log"')
    ),
    "hashes contradict": Mutation(void("PWR008", TSPL), before=set_in("client", "results", TSPL, value="0" * 40)),
    "client log missing": Mutation(void("PWR008", FileName.CLIENT_LOG), after=lambda f: f.pop(FileName.CLIENT_LOG)),
    "daemon log missing": Mutation(void("PWR008", LOG), after=lambda f: f.pop(LOG)),
    "samples missing": Mutation(void("PWR008", TSPL), after=lambda f: f.pop(TSPL)),
    "ranging samples missing": Mutation(void("PWR008", RSPL), after=lambda f: f.pop(RSPL)),
    "detail log missing": Mutation(void("PWR008", TDETAIL), after=lambda f: f.pop(TDETAIL)),
    "CRLF became LF": Mutation(
        {("PWR008", "note", RSPL), ("PWR008", "note", TSPL)},
        before=crlf_when_hashed,
        after=line_ends(RSPL, TSPL, end=b"\n"),
    ),
    "LF became CRLF": Mutation(
        {("PWR008", "note", RSPL), ("PWR008", "note", TSPL), ("PWR008", "note", LOG)},
        after=line_ends(RSPL, TSPL, LOG, end=b"\r\n"),
    ),
    "mixed ends became LF": Mutation(warning("PWR008", LOG), before=mixed_when_hashed, after=line_ends(LOG, end=b"\n")),
    "reply in the daemon's log changed": Mutation(
        void("PWR008", LOG) | REPLIES, after=replace_bytes(LOG, b"Range A changed", b"Range A kept")
    ),
    # PWR009
    "error under load": Mutation(
        void("PWR009", LOG), before=log_line("ERROR: Bad watts reading nan from WT310", UNDER_LOAD)
    ),
    "USB error under load": Mutation(warning("PWR009", LOG), before=log_line("ERROR: USB.", UNDER_LOAD)),
    "warning under load": Mutation(warning("PWR009", LOG), before=log_line("WARNING: Missed 3 samples", UNDER_LOAD)),
    "warning under load, server six hours west": Mutation(
        warning("PWR009", LOG),
        before=then(set_in("server", "timezone", value=21600), log_line("WARNING: Missed 3 samples", UNDER_LOAD)),
    ),
    "uncertain under load": Mutation(
        warning("PWR009", LOG),
        before=log_line("WARNING: Uncertainty 1.04% above 1.00% limit for the last measurement sample!", UNDER_LOAD),
    ),
    "error between the phases": Mutation(
        error("PWR009", LOG), before=log_line("ERROR: Bad watts reading nan from WT310", BEGINS["testing"] - 20)
    ),
    "warning between the phases": Mutation(set(), before=log_line("WARNING: anything", BEGINS["testing"] - 20)),
    "nan while ranging": Mutation(
        set(), before=log_line("ERROR: Bad watts reading nan from WT310", BEGINS["ranging"] + 10, place=30)
    ),
    "odd error while ranging": Mutation(
        warning("PWR009", LOG), before=log_line("ERROR: Something else", BEGINS["ranging"] + 10, place=30)
    ),
    "error without a time": Mutation(error("PWR009", LOG), before=lambda s: s.ptd_lines.append("ERROR: USB broke")),
    "two records on one line": Mutation(
        warning("PWR009", LOG),
        before=log_line(
            f"ERROR: Current appears to be too high for set range{stamp(UNDER_LOAD)}: WARNING: Missed 3 samples",
            BEGINS["ranging"] + 10,
            place=30,
        ),
    ),
    "daemon log cut in ranging": Mutation(
        void("PWR009", LOG) | void("PWR008", LOG) | REPLIES,
        after=lambda f: f.update({LOG: f[LOG][: f[LOG].index(b"Completed")]}),
    ),
    "no ranging in the daemon's log": Mutation(
        void("PWR009", LOG), before=without_lines(f"Go with mark '{NAME}_ranging'")
    ),
    "uncertainty not checked": Mutation(void("PWR009", LOG), before=without_lines("Uncertainty checking")),
    "uncertainty checked late": Mutation(
        void("PWR009", LOG),
        before=then(
            without_lines("Uncertainty checking"),
            log_line("Uncertainty checking for YokogawaWT310E is activated", BEGINS["testing"]),
        ),
    ),
    # PWR010, PWR011
    "unknown device type": Mutation(error("PWR010", S), before=set_in("server", "ptd_config", "device_type", value=1)),
    "device type of another model": Mutation(
        error("PWR010", S), before=set_in("server", "ptd_config", "device_type", value=8)
    ),
    "one channel of a two-channel analyzer": Mutation(
        error("PWR010", S) | REPLIES,
        before=then(
            lambda s: s.server["ptd_config"].update(device_type=77, command=["ptd", "77"]),
            lambda s: s.server["ptd_messages"][1].update(
                reply=s.server["ptd_messages"][1]["reply"].replace("WT310E,", "WT330_multichannel,")
            ),
        ),
    ),
    "two-channel analyzer": Mutation(
        REPLIES,
        before=then(
            lambda s: s.server["ptd_config"].update(device_type=77, command=TWO, channel=[1, 2]),
            lambda s: s.server["ptd_messages"][1].update(
                reply=s.server["ptd_messages"][1]["reply"].replace("WT310E,", "WT330_multichannel,")
            ),
        ),
    ),
    "no analyzer": Mutation(error("PWR010", S), before=set_in("server", "ptd_config", value=[])),
    "debug": Mutation(void("PWR011", S), before=set_in("server", "debug", value=True)),
    "debug is false": Mutation(set(), before=set_in("server", "debug", value=False)),
    # PWR012
    "phases missing": Mutation(void("PWR012", S), before=drop("server", "phases")),
    "results missing": Mutation(void("PWR012", C), before=lambda s: s.client.update(results={"a": 1})),
    "client record missing": Mutation(void("PWR012", C), after=lambda f: f.pop(C)),
    "server record cut": Mutation(void("PWR012", S), after=split_server_record),
    "server record is a list": Mutation(void("PWR012", S), after=lambda f: f.update({S: b"[1, 2]"})),
    "server record nested": Mutation(void("PWR012", S), after=lambda f: f.update({S: b"[" * 200_000})),
    "server record is not UTF-8": Mutation(void("PWR012", S), after=lambda f: f.update({S: b"\xff\xfe{}"})),
    "no power_begin": Mutation(void("PWR012", TDETAIL), before=replace_detail("power_begin", "power_start")),
    "load that ends before it begins": Mutation(
        void("PWR012", TDETAIL),
        before=replace_detail(stamp(BEGINS["testing"] + LOAD_S), stamp(BEGINS["testing"] - LOAD_S)),
    ),
    # PWR013, PWR014
    "no samples": Mutation(void("PWR013", TSPL), before=lambda s: s.testing.clear()),
    "nan under load": Mutation(
        void("PWR013", TSPL), before=then(no_summary, watts(lambda place, value: float("nan") if place == 9 else value))
    ),
    "negative watts": Mutation(
        warning("PWR013", TSPL), before=then(no_summary, watts(lambda place, value: -0.5 if place == 9 else value))
    ),
    "reversed times": Mutation(warning("PWR013", TSPL), before=reverse_testing),
    "damaged sample": Mutation(
        void("PWR013", TSPL),
        before=lambda s: s.files.update({TSPL: SampleSession().write()[TSPL].replace(b"Volts,230", b"Vol", 1)}),
    ),
    "damaged ranging sample": Mutation(
        error("PWR013", RSPL),
        before=lambda s: s.files.update({RSPL: SampleSession().write()[RSPL].replace(b"Watts,", b"Watts;", 1)}),
    ),
    "gap of 3 s": Mutation(set(), before=without_samples(20, 22)),
    "gap of 5 s": Mutation(warning("PWR014", TSPL), before=without_samples(20, 24)),
    "samples crowded": Mutation(
        warning("PWR014", TSPL) | warning("PWR006", TSPL),
        before=then(
            no_summary,
            watts(lambda place, value: value if place < 32 else value / 3),
            lambda s: s.testing.extend(replace(one, time_ns=one.time_ns + ns(0.5)) for one in samples("testing")[2:31]),
            lambda s: s.testing.sort(key=lambda one: one.time_ns),
        ),
    ),
    # PWR015 to PWR018
    "more samples than the daemon took": Mutation(
        void("PWR015", TSPL),
        before=lambda s: s.testing.append(replace(s.testing[-1], time_ns=s.testing[-1].time_ns + ns(1))),
    ),
    "every third sample missing": Mutation(
        void("PWR015", TSPL), before=lambda s: s.testing.__delitem__(slice(None, None, 3))
    ),
    "daemon took one more": Mutation(set(), before=lambda s: s.testing.pop()),
    "range below the highest current": Mutation(
        warning("PWR016", S), before=set_in("server", "ptd_messages", 8, "cmd", value="SR,A,0.400000")
    ),
    "automatic range while testing": Mutation(
        warning("PWR016", S), before=set_in("server", "ptd_messages", 7, "cmd", value="SR,V,Auto")
    ),
    "simulated": Mutation(void("PWR017", LOG), before=lambda s: s.ptd_lines.insert(1, "*** SIMULATED ***")),
    "samples of another session": Mutation(
        void("PWR018", TSPL),
        before=lambda s: s.testing.__setitem__(5, replace(s.testing[5], mark="2022-02-07_11-58-49_testing")),
    ),
}


def newest(session: SampleSession) -> None:
    """As the tool of 2025 writes it, with a load of 2000 s, since that check looks at its middle only."""
    sources = power_check("c4b3ad8").sources[0].sha1_by_file
    for one in (session.client, session.server):
        one["sources"] = dict(sources)
        for mark in one["phases"]["testing"][2:]:
            mark[0] += LONG_S - LOAD_S
    end = stamp(BEGINS["testing"] + LOAD_S)
    session.details["testing"] = session.details["testing"].replace(end, stamp(BEGINS["testing"] + LONG_S))
    session.server["ptd_config"] = [session.server["ptd_config"] | {"dc_flag": ""}]
    messages = session.server["ptd_messages"]
    messages[1]["reply"] = messages[1]["reply"].replace("version=1.9.2", "version=1.11.1")
    messages.insert(4, dict(messages[4]))


LONG_S = 2000
NEWEST: dict[str, Callable[[SampleSession], object]] = {
    "nothing": newest,
    "warning at 500 s": then(newest, log_line("WARNING: Missed 3 samples", BEGINS["testing"] + 500)),
    "warning at 1000 s": then(newest, log_line("WARNING: Missed 3 samples", BEGINS["testing"] + 1000)),
    "uncertain at 1000 s": then(
        newest,
        log_line(
            "WARNING: Uncertainty 1.04%, which is above 1.00% limit for the last sample!", BEGINS["testing"] + 1000
        ),
    ),
    "uncertain as daemon 1.9.2 writes it": then(
        newest,
        log_line(
            "WARNING: Uncertainty 1.04% above 1.00% limit for the last measurement sample!", BEGINS["testing"] + 1000
        ),
    ),
    "error at 1000 s": then(newest, log_line("ERROR: Bad pf reading nan from WT310", BEGINS["testing"] + 1000)),
    "USB at 1000 s": then(newest, log_line("ERROR: USB.", BEGINS["testing"] + 1000)),
    "three commands for amps": then(newest, lambda s: s.server["ptd_messages"].pop(4)),
    "less power": then(newest, watts(lambda _, value: value * 0.94)),
    "less power, much shorter": then(
        newest,
        watts(lambda _, value: value * 0.5),
        replace_detail(stamp(BEGINS["testing"] + LONG_S), stamp(BEGINS["testing"] + 20)),
    ),
}
"""Sessions for the newest revision."""

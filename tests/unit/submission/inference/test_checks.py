"""Each check on a valid tree, where it says nothing, and on one with a single thing wrong, where it alone speaks."""

from __future__ import annotations

import json

import pytest
from small_round import (
    DETAIL,
    RULES,
    SIZES,
    SSD,
    SUMMARY,
    SYSTEM,
    TRUNCATED,
    UNET,
    Change,
    MemorySource,
    Values,
    added,
    detail,
    everywhere,
    moved,
    performance,
    removed,
    replaced,
    small_round,
    with_run,
)

from levelfield.submission.engine import Selection
from levelfield.submission.finding import Severity
from levelfield.submission.inference.check_round import check_round
from levelfield.submission.inference.checks import INFERENCE
from levelfield.submission.report import Report
from levelfield.submission.sources.port import Refused

AUDIT = "closed/Org/compliance/box/ssd-resnet34"
MEASURED = "closed/Org/measurements/box/ssd-resnet34"
RUN = f"{SSD}/SingleStream/performance/run_1"
LOG = f"{RUN}/{DETAIL}"
ACCURACY = f"{SSD}/SingleStream/accuracy"
MS_LOG = f"{SSD}/MultiStream/performance/run_1/{DETAIL}"
SERVER_LOG = f"{SSD}/Server/performance/run_1/{DETAIL}"
OFFLINE_LOG = f"{SSD}/Offline/performance/run_1/{DETAIL}"
UNET_LOG = f"{UNET}/SingleStream/performance/run_1/{DETAIL}"
TEST01 = f"{AUDIT}/Offline/TEST01"
TEST01_SAID = f"{TEST01}/verify_performance.txt"
TEST01_ACCURACY = f"{TEST01}/verify_accuracy.txt"
TEST01_LOG = f"{TEST01}/performance/run_1/{DETAIL}"
GIB2 = 2 << 30


def check(files: dict[str, bytes], selection: Selection | None = None, **options: object) -> Report:
    """All but the checks of sessions: the tree's power files are as much as the submission checker looks at."""
    chosen = selection or Selection(ignored=("PWR",))
    return check_round(MemorySource(files, **options), RULES, chosen)  # type: ignore[arg-type]


def every(*changes: Change) -> Change:
    def change(files: dict[str, bytes]) -> None:
        for one in changes:
            one(files)

    return change


def described(**changed: object) -> Change:
    """The system description with other values; ``None`` removes a field."""

    def change(files: dict[str, bytes]) -> None:
        values = json.loads(files[SYSTEM]) | changed
        files[SYSTEM] = json.dumps({name: value for name, value in values.items() if value is not None}).encode()

    return change


def rerun(path: str, **changed: object) -> Change:
    """A performance run with other values, in both of its logs."""
    benchmark, scenario = path.split("/")[4:6]

    def change(files: dict[str, bytes]) -> None:
        settings = {key: value for key, value in changed.items() if key.startswith("effective_")}
        values: Values = performance(scenario, *SIZES[benchmark], **settings)
        values |= {"test_datetime": f"2022-02-07T11:00:00Z {benchmark} {scenario}"}
        values |= {key.replace("p99_", "99.00_"): value for key, value in changed.items()}
        with_run(files, path.rpartition("/")[0], values)

    return change


def without(part: str) -> Change:
    """Without any file that has this in its path."""

    def change(files: dict[str, bytes]) -> None:
        gone = [name for name in files if part in name]
        assert gone, part
        for name in gone:
            del files[name]

    return change


TABLE: list[tuple[str, Change, str]] = [
    ("INF001", added("Closed/Org/systems/box.json"), "Closed"),
    ("INF004", added("closed/Org/systems/bx.json", b"{}"), "closed/Org/systems/bx.json"),
    ("INF004", added(f"{MEASURED}x/Server/README.md"), f"{MEASURED}x"),
    ("INF005", removed("closed/Org/code"), "closed/Org/code"),
    ("INF005", removed("closed/Org/code/3d-unet-99"), "closed/Org/code/3d-unet-99"),
    ("INF010", moved(SYSTEM, "closed/Org/systems/box.txt"), SYSTEM),
    ("INF012", described(status="soon"), SYSTEM),
    ("INF013", described(system_type="cloud"), SYSTEM),
    ("INF014", described(cooling=None), SYSTEM),
    ("INF015", described(coolling="air"), SYSTEM),
    ("INF016", described(division="open"), SYSTEM),
    ("INF016", described(submitter="Other"), SYSTEM),
    ("INF017", described(framework=""), SYSTEM),
    ("INF018", described(number_of_nodes="two"), SYSTEM),
    ("INF018", described(accelerators_per_node=4), SYSTEM),
    ("INF018", described(accelerator_model_name="X100"), SYSTEM),
    ("INF018", described(host_processor_core_count=0), SYSTEM),
    ("INF019", described(host_memory_configuration="DDR4"), SYSTEM),
    ("INF020", everywhere("/3d-unet-99", "/alexnet"), "closed/Org/results/box/alexnet"),
    ("INF024", without("/ssd-resnet34/MultiStream/"), SSD),
    ("INF026", described(sw_notes="REHEARSAL, not a result of a published round"), SYSTEM),
    ("INF030", removed(f"{MEASURED}/Server"), f"{MEASURED}/Server"),
    ("INF031", removed(f"{MEASURED}/Server/user.conf"), f"{MEASURED}/Server/user.conf"),
    ("INF032", removed(f"{MEASURED}/Server/box_tvm_Server.json"), f"{MEASURED}/Server"),
    (
        "INF032",
        replaced(f"{MEASURED}/Server/box_tvm_Server.json", '"retraining"', '"retrained"'),
        f"{MEASURED}/Server/box_tvm_Server.json",
    ),
    ("INF033", removed(f"{SSD}/Server/performance"), f"{SSD}/Server/performance/run_1"),
    ("INF034", removed(SERVER_LOG), SERVER_LOG),
    ("INF034", added(SERVER_LOG, b"\x00\x01binary"), SERVER_LOG),
    ("INF035", added(f"{RUN}/notes.txt"), f"{RUN}/notes.txt"),
    ("INF035", removed(f"{RUN}/{SUMMARY}"), f"{RUN}/{SUMMARY}"),
    ("INF036", removed(f"{ACCURACY}/accuracy.txt"), f"{ACCURACY}/accuracy.txt"),
    ("INF037", added(f"{ACCURACY}/predictions.json"), f"{ACCURACY}/predictions.json"),
    ("INF038", removed(f"{ACCURACY}/{DETAIL}"), f"{ACCURACY}/{DETAIL}"),
    ("INF050", replaced(LOG, '"value": "2022-02-07T', '"value": "2022-02"07T'), LOG),
    ("INF050", replaced(LOG, '"key": "power_begin", "value"', '"key": "power_begin", "valu'), LOG),
    ("INF051", replaced(LOG, '"key": "result_query_count"', '"key": "result_query_coun"'), LOG),
    ("INF051", replaced(LOG, '"value": 10000', '"value": "many"'), LOG),
    ("INF052", rerun(LOG, result_validity="INVALID"), LOG),
    ("INF054", rerun(LOG, effective_performance_sample_count=63), LOG),
    ("INF055", rerun(LOG, effective_schedule_rng_seed=0), LOG),
    ("INF055", rerun(LOG, effective_sample_index_rng_seed=15863379492028895793), LOG),
    ("INF056", rerun(LOG, effective_test_mode="FindPeakPerformance"), LOG),
    ("INF057", rerun(LOG, effective_performance_issue_unique=True), LOG),
    ("INF059", rerun(SERVER_LOG, effective_target_latency_ns=101_000_000), SERVER_LOG),
    ("INF060", rerun(LOG, effective_min_duration_ms=60_000), LOG),
    ("INF061", rerun(LOG, power_end="02-07-2022 11:19:00.000"), LOG),
    (
        "INF061",
        rerun(
            LOG,
            result_qps_with_loadgen_overhead=17.0,
            result_qps_without_loadgen_overhead=17.0,
            result_mean_latency_ns=58_823_529,
            result_min_latency_ns=50_000_000,
        ),
        LOG,
    ),
    ("INF063", rerun(LOG, effective_min_query_count=10_001), LOG),
    ("INF064", rerun(SERVER_LOG, effective_target_latency_percentile=0.95), SERVER_LOG),
    ("INF065", rerun(LOG, result_qps_without_loadgen_overhead=14.29), LOG),
    ("INF065", rerun(OFFLINE_LOG, result_samples_per_second=100.005), OFFLINE_LOG),
    ("INF065", rerun(SERVER_LOG, result_completed_samples_per_sec=1001.0), SERVER_LOG),
    ("INF066", rerun(LOG, early_stopping_latency_ms=82_999_999), LOG),
    ("INF066", replaced(LOG, "Would discard 929", "Would discard 0"), LOG),
    ("INF066", replaced(MS_LOG, "queries (10000)", "queries (20000)"), MS_LOG),
    ("INF066", rerun(SERVER_LOG, result_overlatency_query_count=9000), SERVER_LOG),
    ("INF067", rerun(LOG, result_min_latency_ns=70_000_000), LOG),
    ("INF068", replaced(LOG, 'min_queries_met", "value": true', 'min_queries_met", "value": false'), LOG),
    ("INF069", rerun(LOG, generated_query_count=9_999), LOG),
    ("INF070", replaced(f"{RUN}/{SUMMARY}", "Result is : VALID", "Result is : INVALID"), f"{RUN}/{SUMMARY}"),
    ("INF070", replaced(f"{RUN}/{SUMMARY}", ": 75000000", ": 74000000"), f"{RUN}/{SUMMARY}"),
    ("INF070", replaced(f"{RUN}/{SUMMARY}", "No warnings encountered", "2 warnings encountered"), f"{RUN}/{SUMMARY}"),
    ("INF071", rerun(LOG, loadgen_git_status_message="M loadgen.cc"), LOG),
    ("INF072", rerun(UNET_LOG, effective_min_query_count=1051), UNET_LOG),
    ("INF080", replaced(f"{ACCURACY}/accuracy.txt", "mAP=20.116", "mAP=19.799"), f"{ACCURACY}/accuracy.txt"),
    ("INF080", replaced(f"{ACCURACY}/accuracy.txt", "mAP=", "map="), f"{ACCURACY}/accuracy.txt"),
    ("INF081", replaced(f"{ACCURACY}/accuracy.txt", "hash=", "sha256="), f"{ACCURACY}/accuracy.txt"),
    ("INF081", replaced(f"{ACCURACY}/accuracy.txt", "hash=", "hash=z"), f"{ACCURACY}/accuracy.txt"),
    ("INF082", removed(f"{ACCURACY}/mlperf_log_accuracy.json"), f"{ACCURACY}/mlperf_log_accuracy.json"),
    (
        "INF082",
        added(f"{ACCURACY}/mlperf_log_accuracy.json", TRUNCATED + b" " * 4096),
        f"{ACCURACY}/mlperf_log_accuracy.json",
    ),
    (
        "INF083",
        added(f"{ACCURACY}/mlperf_log_accuracy.json", TRUNCATED[:-1]),
        f"{ACCURACY}/mlperf_log_accuracy.json",
    ),
    ("INF083", added(f"{ACCURACY}/mlperf_log_accuracy.json", b"[\n]\n"), f"{ACCURACY}/mlperf_log_accuracy.json"),
    ("INF084", replaced(f"{ACCURACY}/{DETAIL}", '"is_error": false', '"is_error": true'), f"{ACCURACY}/{DETAIL}"),
    ("INF085", replaced(f"{ACCURACY}/{DETAIL}", "AccuracyOnly", "PerformanceOnly"), f"{ACCURACY}/{DETAIL}"),
    ("INF087", replaced(f"{ACCURACY}/{DETAIL}", '"SingleStream"', '"Server"'), f"{ACCURACY}/{DETAIL}"),
    ("INF088", replaced(f"{ACCURACY}/{DETAIL}", "0ec69f587d", "c215a61a72"), f"{ACCURACY}/{DETAIL}"),
    ("INF110", removed(f"{RUN}/spl.txt"), f"{RUN}/spl.txt"),
    (
        "INF110",
        removed(f"{SSD}/SingleStream/performance/power/server.log"),
        f"{SSD}/SingleStream/performance/power/server.log",
    ),
    ("INF111", replaced(f"{RUN}/spl.txt", " 11:", " 13:"), f"{RUN}/spl.txt"),
    ("INF111", added(f"{RUN}/spl.txt", b"no sample\n"), f"{RUN}/spl.txt"),
    ("INF120", removed(f"{AUDIT}/Offline/TEST05"), f"{AUDIT}/Offline/TEST05"),
    ("INF121", replaced(TEST01_SAID, "PASS", "FAIL"), TEST01_SAID),
    (
        "INF121",
        removed(f"{AUDIT}/Offline/TEST05/verify_performance.txt"),
        f"{AUDIT}/Offline/TEST05/verify_performance.txt",
    ),
    ("INF122", removed(TEST01_LOG), TEST01_LOG),
    (
        "INF123",
        every(
            replaced(TEST01_LOG, "720381539243781796", "0"),
            replaced(TEST01_LOG, '"sut_name"', '"sut_name"'),
        ),
        TEST01_LOG,
    ),
    ("INF124", replaced(TEST01_LOG, "Found Audit Config", "Found"), TEST01_LOG),
    ("INF125", replaced(TEST01_LOG, "0ec69f587d", "c215a61a72"), TEST01_LOG),
    (
        "INF126",
        every(
            replaced(TEST01_LOG, '"VALID"', '"INVALID"'),
            replaced(f"{TEST01}/performance/run_1/{SUMMARY}", ": VALID", ": INVALID"),
        ),
        TEST01_LOG,
    ),
    ("INF127", removed(f"{TEST01}/performance/run_1/{SUMMARY}"), f"{TEST01}/performance/run_1/{SUMMARY}"),
    (
        "INF128",
        every(
            replaced(TEST01_LOG, '"value": 100,', '"value": 89,'),
            replaced(f"{TEST01}/performance/run_1/{SUMMARY}", "second : 100", "second : 89"),
            replaced(TEST01_SAID, "test score = 100", "test score = 89"),
        ),
        TEST01_LOG,
    ),
    ("INF129", replaced(TEST01_SAID, "test score = 100", "test score = 101"), TEST01_SAID),
    ("INF130", removed(f"{TEST01}/accuracy/mlperf_log_accuracy.json"), f"{TEST01}/accuracy/mlperf_log_accuracy.json"),
    ("INF131", replaced(TEST01_ACCURACY, "mismatch = 0", "mismatch = 3"), TEST01_ACCURACY),
    (
        "INF131",
        every(
            replaced(TEST01_ACCURACY, "TEST PASS", "TEST FAIL"),
            added(f"{TEST01}/accuracy/baseline_accuracy.txt", b"mAP=20.1%\n"),
            added(f"{TEST01}/accuracy/compliance_accuracy.txt", b"mAP=19.8%\n"),
        ),
        f"{TEST01}/accuracy/compliance_accuracy.txt",
    ),
    (
        "INF132",
        added(f"{TEST01}/accuracy/mlperf_log_accuracy.json", TRUNCATED[1:]),
        f"{TEST01}/accuracy/mlperf_log_accuracy.json",
    ),
    ("INF150", replaced(LOG, '"loaded_qsl_set", "value": [3052,2179', '"loaded_qsl_set", "value": [2179,3052'), LOG),
    ("INF150", replaced(LOG, '"loaded_qsl_set"', '"loaded_qsl"'), LOG),
    ("INF152", rerun(SERVER_LOG, generated_query_duration=600_000_232_316), SERVER_LOG),
]  # fmt: skip
"""Code, what is done to the valid tree, and the file or folder that the finding names."""


def found(report: Report) -> list[tuple[str, str]]:
    return sorted({(finding.code, finding.path) for finding in report.findings})


def test_a_valid_tree_has_no_finding_and_nothing_is_skipped() -> None:
    report = check(small_round())
    assert found(report) == []
    assert report.skipped == ()
    assert not report.fails
    assert (report.official_results, report.official_no_results) == (6, 0)
    assert [result.void for result in report.results] == [False] * 6
    assert {result.compliant for result in report.results} == {True}


@pytest.mark.parametrize(
    ("code", "change", "path"), TABLE, ids=[f"{code}-{index}" for index, (code, _, _) in enumerate(TABLE)]
)
def test_the_check_says_so_and_no_other(code: str, change: Change, path: str) -> None:
    files = dict(small_round())
    change(files)
    report = check(files)
    assert found(report) == [(code, path)]


ELSEWHERE = {
    "INF002", "INF003", "INF011", "INF021", "INF022", "INF023", "INF025", "INF053", "INF058", "INF062", "INF086",
    "INF089", "INF100", "INF101", "INF102", "INF151", "INF153", "INF190",
}  # fmt: skip
"""Codes whose finding cannot come alone, or needs another kind of tree: tested below."""


def test_every_check_has_a_failing_tree() -> None:
    assert {code for code, _, _ in TABLE} | ELSEWHERE == {one.code for one in INFERENCE.every}


def codes(change: Change, **options: object) -> dict[str, list[str]]:
    files = dict(small_round())
    change(files)
    by_code: dict[str, list[str]] = {}
    for code, path in found(check(files, **options)):
        by_code.setdefault(code, []).append(path)
    return by_code


def test_a_benchmark_of_another_suite_is_found() -> None:
    by_code = codes(every(everywhere("/3d-unet-99", "/ssd-mobilenet"), described(system_type="datacenter")))
    assert by_code["INF022"] == ["closed/Org/results/box/ssd-mobilenet"]
    # What the system has besides is for edge, too.
    assert by_code["INF023"] == [f"{SSD}/MultiStream", f"{SSD}/SingleStream"]


@pytest.mark.parametrize("folder", ["OFFLINE", "Interactive"])
def test_an_unknown_scenario_is_found(folder: str) -> None:
    by_code = codes(everywhere("/3d-unet-99/Offline", f"/3d-unet-99/{folder}"))
    assert by_code == {"INF023": [f"{UNET}/{folder}"], "INF024": [UNET]}


def test_lower_case_scenarios_are_those_of_the_round() -> None:
    files = dict(small_round())
    for scenario in ("SingleStream", "MultiStream", "Server", "Offline"):
        everywhere(f"/{scenario}/", f"/{scenario.lower()}/")(files)
    report = check(files)
    assert found(report) == []
    assert {result.scenario for result in report.results} == {"SingleStream", "MultiStream", "Server", "Offline"}
    assert report.official_results == 6


def test_folders_with_spaces_are_read() -> None:
    files = dict(small_round())
    everywhere("/box", "/box of two")(files)
    assert found(check(files)) == []


def test_early_stopping_that_is_not_met_is_found_and_contradicts_the_count() -> None:
    by_code = codes(replaced(LOG, '"early_stopping_met", "value": true', '"early_stopping_met", "value": false'))
    assert by_code == {"INF058": [LOG], "INF066": [LOG]}


def test_what_the_source_refuses_is_reported() -> None:
    refused = (Refused(path="closed/Org/code/x", reason="a link that leaves the tree"),)
    assert codes(added("README.md"), refusals=refused) == {"INF002": ["closed/Org/code/x"]}


def test_a_log_of_two_gibibytes_is_reported_and_not_read() -> None:
    assert codes(added("README.md"), sizes={SERVER_LOG: GIB2}) == {"INF003": [SERVER_LOG], "INF034": [SERVER_LOG]}


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000, b'{"a": {}}'])
def test_a_description_that_is_no_json_stops_the_official_checker(content: bytes) -> None:
    by_code = codes(added(SYSTEM, content))
    assert by_code["INF011"] == [SYSTEM]
    assert by_code["INF190"] == [SYSTEM]
    report = check(small_round() | {SYSTEM: content})
    assert all(result.void for result in report.results)
    assert report.official_results == 0


def test_an_open_model_is_recognised_by_a_part_of_its_name() -> None:
    report = check(opened("yolo-v5"))
    assert {finding.code: finding.severity for finding in report.findings} == {"INF021": Severity.NOTE}


def opened(benchmark: str) -> dict[str, bytes]:
    """One Offline result of the small tree, in the open division under another name."""
    files = {}
    for path, data in small_round().items():
        if path == SYSTEM or "/ssd-resnet34/Offline/" in path or path.startswith("closed/Org/code/ssd-resnet34"):
            new = path.replace("closed/", "open/").replace("ssd-resnet34", benchmark)
            if "/compliance/" not in new:
                files[new] = data.replace(b'"closed"', b'"open"')
    log = f"open/Org/results/box/{benchmark}/Offline"
    for place, size in (("performance/run_1", 256), ("accuracy", 256)):
        if benchmark == "yolo-v5":  # stands for ssd-mobilenet, which loads more samples and is for edge
            values = performance("Offline", 5000, size)
            if place == "accuracy":
                from small_round import accuracy_values

                files[f"{log}/accuracy/{DETAIL}"] = detail(accuracy_values("Offline", 5000, size))
                files[f"{log}/accuracy/accuracy.txt"] = b"mAP=22.1%\nhash=" + b"ab" * 32 + b"\n"
            else:
                with_run(files, f"{log}/{place}", values)
    return files


def test_two_spellings_of_a_scenario_are_one_claim_too_many() -> None:
    def change(files: dict[str, bytes]) -> None:
        for path in list(files):
            if "/ssd-resnet34/Offline/" in path:
                files[path.replace("/Offline/", "/offline/")] = files[path]

    by_code = codes(change)
    assert by_code["INF025"] == [f"{SSD}/offline"]
    # The log is there twice as well, and so are those of the audits.
    assert set(by_code) == {"INF025", "INF153"}


def test_error_lines_void_a_run_and_contradict_its_summary() -> None:
    line = replaced(LOG, '"is_error": false', '"is_error": true')
    by_code = codes(line)
    assert by_code["INF053"] == [LOG]
    assert set(by_code) == {"INF053", "INF070"}


def test_a_short_offline_query_is_found() -> None:
    changes: Values = {
        "effective_samples_per_query": 24_575,
        "effective_min_sample_count": 24_575,
        "result_samples_per_second": 24_575 / 660,
    }
    by_code = codes(rerun(OFFLINE_LOG, **changes))
    assert by_code["INF062"] == [OFFLINE_LOG]
    assert set(by_code) <= {"INF062", "INF128", "INF129"}


def test_an_accuracy_run_over_a_part_of_the_dataset_is_found() -> None:
    def change(files: dict[str, bytes]) -> None:
        from small_round import accuracy_values

        files[f"{ACCURACY}/{DETAIL}"] = detail(accuracy_values("SingleStream", 4000, 64))

    assert codes(change) == {"INF086": [f"{ACCURACY}/{DETAIL}"]}


def test_an_accuracy_that_is_not_its_counts_is_found() -> None:
    # Only accuracy.txt of classification has counts; the line is found wherever it stands.
    text = "mAP=20.116%\naccuracy=20.116%, good=1000, total=5000"
    change = replaced(f"{ACCURACY}/accuracy.txt", "mAP=20.116%", text)
    assert codes(change) == {"INF089": [f"{ACCURACY}/accuracy.txt"]}


def inferred(folder: str, source: str) -> Change:
    """The logs of one scenario as those of another."""

    def change(files: dict[str, bytes]) -> None:
        for path in [path for path in files if f"/ssd-resnet34/{folder}/" in path and "/measurements/" not in path]:
            del files[path]
        for path in [path for path in files if f"/ssd-resnet34/{source}/" in path and "/measurements/" not in path]:
            files[path.replace(f"/{source}/", f"/{folder}/")] = files[path]

    return change


def test_offline_and_multistream_may_be_inferred_from_singlestream() -> None:
    files = dict(small_round())
    every(inferred("Offline", "SingleStream"), inferred("MultiStream", "SingleStream"))(files)
    report = check(files)
    assert found(report) == []
    values = {result.scenario: (result.value, result.power_value, result.inferred) for result in report.results[2:]}
    assert values["Offline"] == (14.2857, 100.5, True)
    assert values["MultiStream"] == (83.0 * 8, pytest.approx(100.5 * 720 * 8 / 10_000), True)
    assert values["SingleStream"] == (75.5, pytest.approx(100.5 * 720 / 10_000), False)


def test_a_pair_that_may_not_be_inferred_is_found() -> None:
    by_code = codes(inferred("Server", "Offline"))
    assert by_code["INF100"] == [SERVER_LOG]


def test_a_datacenter_system_may_not_infer() -> None:
    def change(files: dict[str, bytes]) -> None:
        removed("closed/Org/results/box/3d-unet-99")(files)
        removed(f"{SSD}/MultiStream")(files)
        inferred("Offline", "SingleStream")(files)
        removed(f"{SSD}/SingleStream")(files)
        described(system_type="datacenter")(files)

    assert codes(change)["INF101"] == [OFFLINE_LOG]


def test_nothing_can_be_inferred_from_an_estimate_of_zero() -> None:
    path = f"{SSD}/MultiStream/performance/run_1/{DETAIL}"
    change = every(inferred("MultiStream", "SingleStream"), replaced(path, "83000000", "0"))
    by_code = codes(change)
    assert by_code["INF102"] == [path]


def test_mixed_draws_of_a_submitter_are_noticed() -> None:
    from levelfield.stats.sample_sets import cut_into_sets, library_order
    from levelfield.terms import DrawVariant

    order = library_order(6655344265603136530, DrawVariant.LEMIRE, 5000)
    lemire = ",".join(map(str, cut_into_sets(order, size=64, padding=0)[0].tolist()))

    def change(files: dict[str, bytes]) -> None:
        before, _, rest = files[LOG].decode().partition('"loaded_qsl_set", "value": [')
        files[LOG] = f'{before}"loaded_qsl_set", "value": [{lemire}]{rest.partition("]")[2]}'.encode()

    assert codes(change) == {"INF151": ["closed/Org"]}


def test_a_log_that_stands_for_two_systems_is_found() -> None:
    def change(files: dict[str, bytes]) -> None:
        for path in list(files):
            if "/box/" in path or path == SYSTEM:
                files[path.replace("/box/", "/fox/").replace("box.json", "fox.json").replace("box_", "fox_")] = files[
                    path
                ]

    by_code = codes(change)
    assert set(by_code) == {"INF153"}
    assert SERVER_LOG.replace("/box/", "/fox/") in by_code["INF153"]
    assert not any("/box/" in path for path in by_code["INF153"])

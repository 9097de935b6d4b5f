"""Every mutation of a valid tree: what is changed, and the one finding that it must give."""

from __future__ import annotations

from dataclasses import dataclass

from tree_changes import (
    Change,
    add,
    append,
    both,
    copy,
    cut,
    drop_line,
    json_drop,
    json_set,
    line,
    move,
    recode,
    remove,
    set_key,
    set_summary,
    sub,
    swap,
    write_bytes,
)  # fmt: skip

__all__ = ["CONSEQUENCES", "MUTATIONS", "Mutation"]

CLOSED = "closed/Example"
SYSTEM = f"{CLOSED}/systems/virtual.json"
RESULTS = f"{CLOSED}/results/virtual/resnet50"
MEASUREMENTS = f"{CLOSED}/measurements/virtual/resnet50"
COMPLIANCE = f"{CLOSED}/compliance/virtual/resnet50"
SS, MS, SERVER, OFFLINE = (f"{RESULTS}/{s}" for s in ("SingleStream", "MultiStream", "Server", "Offline"))
DETAIL = "performance/run_1/mlperf_log_detail.txt"
SUMMARY = "performance/run_1/mlperf_log_summary.txt"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change and what must be found."""

    name: str
    change: Change
    code: str
    path: str


MUTATIONS = (
    # --- the tree and the system description
    Mutation("unknown division folder", copy("closed", "closd"), "INF001", "closd"),
    Mutation("system description missing", remove(SYSTEM), "INF010", SYSTEM),
    Mutation("availability unknown", json_set(SYSTEM, status="soon"), "INF012", SYSTEM),
    Mutation("system type unknown", json_set(SYSTEM, system_type="cloud"), "INF013", SYSTEM),
    Mutation("required field missing", json_drop(SYSTEM, "host_memory_capacity"), "INF014", SYSTEM),
    Mutation("unknown field", json_set(SYSTEM, colour="blue"), "INF015", SYSTEM),
    Mutation("another submitter", json_set(SYSTEM, submitter="Somebody"), "INF016", SYSTEM),
    Mutation("another division", json_set(SYSTEM, division="open"), "INF016", SYSTEM),
    Mutation("description is not JSON", cut(SYSTEM, 0.5), "INF011", SYSTEM),
    Mutation("description is a list", write_bytes(SYSTEM, b"[1, 2]\n"), "INF011", SYSTEM),
    Mutation("description in UTF-16", recode(SYSTEM, "utf-16"), "INF011", SYSTEM),
    Mutation("empty value", json_set(SYSTEM, host_memory_capacity=""), "INF017", SYSTEM),
    Mutation("number of nodes is no number", json_set(SYSTEM, number_of_nodes="several"), "INF018", SYSTEM),
    Mutation("cores in words", json_set(SYSTEM, host_processor_core_count="4 big, 4 little"), "INF018", SYSTEM),
    Mutation(
        "datacenter without ECC stated", json_set(SYSTEM, host_memory_configuration="8x 8GB DDR4"), "INF019", SYSTEM
    ),
    Mutation(
        "description of a system without results",
        copy(SYSTEM, f"{CLOSED}/systems/other.json"),
        "INF004",
        f"{CLOSED}/systems/other.json",
    ),
    Mutation(
        "measurements of a system without results",
        add(f"{CLOSED}/measurements/other/resnet50/Server/user.conf"),
        "INF004",
        f"{CLOSED}/measurements/other",
    ),
    Mutation(
        "unknown benchmark",
        both(
            *(
                move(f"{CLOSED}/{a}/resnet50", f"{CLOSED}/{a}/fastnet")
                for a in ("results/virtual", "measurements/virtual", "compliance/virtual", "code")
            )
        ),
        "INF020",
        f"{CLOSED}/results/virtual/fastnet",
    ),
    Mutation(
        "required scenario missing",
        both(remove(SERVER), remove(f"{MEASUREMENTS}/Server"), remove(f"{COMPLIANCE}/Server")),
        "INF024",
        RESULTS,
    ),
    Mutation(
        "scenario folder of no scenario",
        add(f"{RESULTS}/Burst/performance/run_1/mlperf_log_detail.txt"),
        "INF023",
        f"{RESULTS}/Burst",
    ),
    # --- measurements and code
    Mutation("measurements missing", remove(f"{MEASUREMENTS}/Server"), "INF030", f"{MEASUREMENTS}/Server"),
    Mutation(
        "mlperf.conf missing",
        remove(f"{MEASUREMENTS}/Server/mlperf.conf"),
        "INF031",
        f"{MEASUREMENTS}/Server/mlperf.conf",
    ),
    Mutation(
        "user.conf missing", remove(f"{MEASUREMENTS}/Server/user.conf"), "INF031", f"{MEASUREMENTS}/Server/user.conf"
    ),
    Mutation(
        "README missing", remove(f"{MEASUREMENTS}/Server/README.md"), "INF031", f"{MEASUREMENTS}/Server/README.md"
    ),
    Mutation(
        "implementation description missing",
        remove(f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json"),
        "INF032",
        f"{MEASUREMENTS}/Server",
    ),
    Mutation(
        "implementation description without weights",
        json_drop(f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json", "starting_weights_filename"),
        "INF032",
        f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json",
    ),
    Mutation(
        "implementation description is not JSON",
        cut(f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json", 0.4),
        "INF032",
        f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json",
    ),
    Mutation("code missing", remove(f"{CLOSED}/code"), "INF005", f"{CLOSED}/code"),
    # --- accuracy
    Mutation(
        "accuracy.txt missing", remove(f"{OFFLINE}/accuracy/accuracy.txt"), "INF036", f"{OFFLINE}/accuracy/accuracy.txt"
    ),
    Mutation("accuracy folder missing", remove(f"{OFFLINE}/accuracy"), "INF036", f"{OFFLINE}/accuracy/accuracy.txt"),
    Mutation(
        "accuracy below the target",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"76\.100%, good=38050", "75.000%, good=37500"),
        "INF080",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "accuracy passes only rounded",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"76\.100", "75.69535"),
        "INF080",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "accuracy is not a number",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"76\.100", "nan"),
        "INF080",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "no hash",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"^hash=.*\n", ""),
        "INF081",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "hash is none",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"^hash=.*", "hash=1234"),
        "INF081",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "accuracy log missing",
        remove(f"{OFFLINE}/accuracy/mlperf_log_accuracy.json"),
        "INF082",
        f"{OFFLINE}/accuracy/mlperf_log_accuracy.json",
    ),
    Mutation(
        "accuracy log not cut",
        append(f"{OFFLINE}/accuracy/mlperf_log_accuracy.json", "x" * 20_000),
        "INF082",
        f"{OFFLINE}/accuracy/mlperf_log_accuracy.json",
    ),
    Mutation(
        "error in the accuracy run",
        line(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "error_runtime", '"broken"', is_error=True),
        "INF084",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "accuracy run in another mode",
        set_key(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "effective_test_mode", '"PerformanceOnly"'),
        "INF085",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "accuracy run of another scenario",
        set_key(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "effective_scenario", '"Server"'),
        "INF087",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "accuracy of a part of the dataset",
        set_key(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "qsl_reported_total_count", "5000"),
        "INF086",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "unexpected file beside the accuracy logs",
        add(f"{OFFLINE}/accuracy/notes.txt"),
        "INF037",
        f"{OFFLINE}/accuracy/notes.txt",
    ),
    # --- performance: files
    Mutation("run_1 missing", remove(f"{SERVER}/performance/run_1"), "INF033", f"{SERVER}/performance/run_1"),
    Mutation("detail log missing", remove(f"{SERVER}/{DETAIL}"), "INF034", f"{SERVER}/{DETAIL}"),
    Mutation("summary log missing", remove(f"{SERVER}/{SUMMARY}"), "INF035", f"{SERVER}/{SUMMARY}"),
    Mutation(
        "unexpected file in run_1",
        add(f"{SERVER}/performance/run_1/notes.txt"),
        "INF035",
        f"{SERVER}/performance/run_1/notes.txt",
    ),
    Mutation("detail log cut in a line", cut(f"{SERVER}/{DETAIL}", 0.6), "INF050", f"{SERVER}/{DETAIL}"),
    Mutation(
        "detail log is binary",
        write_bytes(f"{SERVER}/{DETAIL}", bytes(range(256)) * 40),
        "INF034",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation("detail log is empty", write_bytes(f"{SERVER}/{DETAIL}", b""), "INF034", f"{SERVER}/{DETAIL}"),
    Mutation("detail log in UTF-16", recode(f"{SERVER}/{DETAIL}", "utf-16"), "INF034", f"{SERVER}/{DETAIL}"),
    Mutation(
        "a broken line in the detail log",
        append(f"{SERVER}/{DETAIL}", ':::MLLOG {"key": "x", "value": \n'),
        "INF050",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation("summary log in UTF-16", recode(f"{SERVER}/{SUMMARY}", "utf-16"), "INF070", f"{SERVER}/{SUMMARY}"),
    Mutation(
        "logs of two scenarios swapped",
        swap(f"{SERVER}/performance/run_1", f"{OFFLINE}/performance/run_1"),
        "INF100",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "accuracy logs in the place of performance",
        both(
            copy(f"{SERVER}/accuracy/mlperf_log_detail.txt", f"{SERVER}/{DETAIL}"),
            copy(f"{SERVER}/accuracy/mlperf_log_summary.txt", f"{SERVER}/{SUMMARY}"),
        ),
        "INF056",
        f"{SERVER}/{DETAIL}",
    ),
    # --- performance: what the official checker looks at, or should
    Mutation(
        "result is INVALID",
        both(
            set_key(f"{SERVER}/{DETAIL}", "result_validity", '"INVALID"'),
            set_summary(f"{SERVER}/{SUMMARY}", "Result is", "INVALID"),
        ),
        "INF052",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "error line in the run",
        both(
            line(f"{SERVER}/{DETAIL}", "error_runtime", '"broken"', is_error=True),
            sub(f"{SERVER}/{SUMMARY}", "^No errors encountered.*", "1 ERROR encountered. See detailed log."),
        ),
        "INF053",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "too few samples in memory",
        both(
            set_key(f"{SERVER}/{DETAIL}", "effective_performance_sample_count", "512"),
            set_summary(f"{SERVER}/{SUMMARY}", "performance_sample_count", "512"),
        ),
        "INF054",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "another seed of the loaded set",
        both(
            set_key(f"{SERVER}/{DETAIL}", "effective_qsl_rng_seed", "1"),
            set_summary(f"{SERVER}/{SUMMARY}", "qsl_rng_seed", "1"),
        ),
        "INF055",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "another seed of the samples",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_sample_index_rng_seed", "1"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "sample_index_rng_seed", "1"),
        ),
        "INF055",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "another seed of the schedule",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_schedule_rng_seed", "1"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "schedule_rng_seed", "1"),
        ),
        "INF055",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "performance run in another mode",
        both(
            set_key(f"{SERVER}/{DETAIL}", "effective_test_mode", '"AccuracyOnly"'),
            set_summary(f"{SERVER}/{SUMMARY}", "Mode", "AccuracyOnly"),
        ),
        "INF056",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "same sample again and again",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_performance_issue_same", "true"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "performance_issue_same", "1"),
        ),
        "INF057",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "early stopping not met",
        set_key(f"{SERVER}/{DETAIL}", "early_stopping_met", "false"),
        "INF058",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "latency limit exceeded",
        both(
            set_key(f"{SERVER}/{DETAIL}", "effective_target_latency_ns", "30000000"),
            set_key(f"{SERVER}/{DETAIL}", "requested_server_target_latency_ns", "30000000"),
            set_summary(f"{SERVER}/{SUMMARY}", "target_latency (ns)", "30000000"),
        ),
        "INF059",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "minimum duration too short",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_min_duration_ms", "60000"),
            set_key(f"{OFFLINE}/{DETAIL}", "requested_min_duration_ms", "60000"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "min_duration (ms)", "60000"),
        ),
        "INF060",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "another percentile",
        set_key(f"{SS}/{DETAIL}", "effective_target_latency_percentile", "0.5"),
        "INF064",
        f"{SS}/{DETAIL}",
    ),
    # --- performance: what nobody looked at
    Mutation(
        "SingleStream estimate made smaller",
        set_key(f"{SS}/{DETAIL}", "early_stopping_latency_ss", "40900000"),
        "INF066",
        f"{SS}/{DETAIL}",
    ),
    Mutation(
        "MultiStream estimate made smaller",
        set_key(f"{MS}/{DETAIL}", "early_stopping_latency_ms", "40900000"),
        "INF066",
        f"{MS}/{DETAIL}",
    ),
    Mutation(
        "Offline rate made larger",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "result_samples_per_second", "97.5048"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "Samples per second", "97.5048"),
        ),
        "INF065",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "Server rate made larger",
        both(
            set_key(f"{SERVER}/{DETAIL}", "result_scheduled_samples_per_sec", "51.0918"),
            set_summary(f"{SERVER}/{SUMMARY}", "Scheduled samples per second", "51.09"),
        ),
        "INF065",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "headline of the summary differs",
        set_summary(f"{SERVER}/{SUMMARY}", "Scheduled samples per second", "51.09"),
        "INF070",
        f"{SERVER}/{SUMMARY}",
    ),
    Mutation(
        "summary says VALID, detail does not",
        set_key(f"{SERVER}/{DETAIL}", "result_min_duration_met", "false"),
        "INF068",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "percentiles do not rise",
        both(
            set_key(f"{SERVER}/{DETAIL}", "result_90.00_percentile_latency_ns", "10"),
            set_summary(f"{SERVER}/{SUMMARY}", "90.00 percentile latency (ns)", "10"),
        ),
        "INF067",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "more late queries than early stopping allows",
        set_key(f"{SERVER}/{DETAIL}", "result_overlatency_query_count", "900"),
        "INF066",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "one sample of the loaded set exchanged",
        sub(f"{SERVER}/{DETAIL}", r'("loaded_qsl_set", "value": \[)\d+', r"\g<1>7"),
        "INF150",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "order of the loaded set changed",
        sub(f"{SERVER}/{DETAIL}", r'("loaded_qsl_set", "value": \[)(\d+),(\d+)', r"\g<1>\g<3>,\g<2>"),
        "INF150",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "fewer queries than the schedule has",
        both(
            set_key(f"{SERVER}/{DETAIL}", "generated_query_count", "11000"),
            set_key(f"{SERVER}/{DETAIL}", "result_query_count", "11000"),
        ),
        "INF152",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "schedule of another length",
        set_key(f"{SERVER}/{DETAIL}", "generated_query_duration", "700054346277"),
        "INF152",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "not a number for a result",
        set_key(f"{OFFLINE}/{DETAIL}", "result_samples_per_second", "-nan"),
        "INF050",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "infinite result",
        set_key(f"{OFFLINE}/{DETAIL}", "result_samples_per_second", "inf"),
        "INF050",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "a key is missing",
        drop_line(f"{OFFLINE}/{DETAIL}", "effective_min_duration_ms"),
        "INF051",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "load generator of no release",
        set_key(f"{OFFLINE}/{DETAIL}", "loadgen_version", '"my own"'),
        "INF071",
        f"{OFFLINE}/{DETAIL}",
    ),
    # --- audits
    Mutation("compliance missing", remove(f"{COMPLIANCE}/Offline"), "INF120", f"{COMPLIANCE}/Offline/TEST01"),
    Mutation("one audit missing", remove(f"{COMPLIANCE}/Offline/TEST05"), "INF120", f"{COMPLIANCE}/Offline/TEST05"),
    Mutation(
        "an audit that is not the last failed",
        write_bytes(f"{COMPLIANCE}/Offline/TEST01/verify_performance.txt", b"TEST FAIL\n"),
        "INF121",
        f"{COMPLIANCE}/Offline/TEST01/verify_performance.txt",
    ),
    Mutation(
        "verification of accuracy failed",
        write_bytes(f"{COMPLIANCE}/Offline/TEST01/verify_accuracy.txt", b"TEST FAIL\n"),
        "INF130",
        f"{COMPLIANCE}/Offline/TEST01/accuracy/baseline_accuracy.txt",
    ),
    Mutation(
        "verification missing",
        remove(f"{COMPLIANCE}/Offline/TEST04-A/verify_performance.txt"),
        "INF121",
        f"{COMPLIANCE}/Offline/TEST04-A/verify_performance.txt",
    ),
    Mutation(
        "log of an audit missing",
        remove(f"{COMPLIANCE}/Offline/TEST05/{DETAIL}"),
        "INF122",
        f"{COMPLIANCE}/Offline/TEST05/{DETAIL}",
    ),
    Mutation(
        "TEST05 with the usual seeds",
        copy(f"{OFFLINE}/performance/run_1", f"{COMPLIANCE}/Offline/TEST05/performance/run_1"),
        "INF123",
        f"{COMPLIANCE}/Offline/TEST05/{DETAIL}",
    ),
    Mutation(
        "TEST01 without sampling",
        set_key(f"{COMPLIANCE}/Offline/TEST01/{DETAIL}", "effective_accuracy_log_sampling_target", "0"),
        "INF123",
        f"{COMPLIANCE}/Offline/TEST01/{DETAIL}",
    ),
    Mutation(
        "TEST04-A without unique samples",
        set_key(f"{COMPLIANCE}/Offline/TEST04-A/{DETAIL}", "effective_performance_issue_unique", "false"),
        "INF123",
        f"{COMPLIANCE}/Offline/TEST04-A/{DETAIL}",
    ),
    Mutation(
        "TEST04-B with another sample",
        set_key(f"{COMPLIANCE}/Offline/TEST04-B/{DETAIL}", "effective_performance_issue_same_index", "5"),
        "INF123",
        f"{COMPLIANCE}/Offline/TEST04-B/{DETAIL}",
    ),
    Mutation(
        "audit without early stopping",
        set_key(f"{COMPLIANCE}/Offline/TEST05/{DETAIL}", "result_validity", '"INVALID"'),
        "INF126",
        f"{COMPLIANCE}/Offline/TEST05/{DETAIL}",
    ),
    Mutation(
        "hash of TEST01 missing",
        sub(f"{COMPLIANCE}/Offline/TEST01/accuracy/accuracy.txt", r"^hash=.*\n", ""),
        "INF132",
        f"{COMPLIANCE}/Offline/TEST01/accuracy/accuracy.txt",
    ),
)

CONSEQUENCES: dict[str, tuple[str, ...]] = {
    "description is not JSON": ("INF190",),
    "description is a list": ("INF190",),
    "description in UTF-16": ("INF190",),
    "scenario folder of no scenario": ("INF030", "INF034", "INF035", "INF036"),
    "implementation description is not JSON": ("INF190",),
    "accuracy passes only rounded": ("INF089",),
    "accuracy of a part of the dataset": ("INF150",),
    "detail log cut in a line": ("INF051",),
    "logs of two scenarios swapped": ("INF125", "INF129"),
    "accuracy logs in the place of performance": ("INF051", "INF070", "INF150", "INF152"),
    "too few samples in memory": ("INF150",),
    "another seed of the loaded set": ("INF150",),
    "early stopping not met": ("INF066",),
    "another percentile": ("INF066",),
    "Offline rate made larger": ("INF128", "INF129"),
    "Server rate made larger": ("INF061", "INF128", "INF129"),
    "fewer queries than the schedule has": ("INF061", "INF063", "INF065"),
    "schedule of another length": ("INF065",),
    "not a number for a result": ("INF065", "INF070", "INF128", "INF129"),
    "infinite result": ("INF065", "INF128"),
    "load generator of no release": ("INF088", "INF125"),
    "TEST05 with the usual seeds": ("INF124", "INF129"),
    "TEST01 without sampling": ("INF127",),
    "audit without early stopping": ("INF127",),
}
"""What else one change makes untrue: a forged number contradicts others, a broken file stops the official tool."""

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

__all__ = ["MUTATIONS", "Mutation"]

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
    Mutation("unknown division folder", copy("closed", "closd"), "?", "closd"),
    Mutation("system description missing", remove(SYSTEM), "?", SYSTEM),
    Mutation("availability unknown", json_set(SYSTEM, status="soon"), "?", SYSTEM),
    Mutation("system type unknown", json_set(SYSTEM, system_type="cloud"), "?", SYSTEM),
    Mutation("required field missing", json_drop(SYSTEM, "host_memory_capacity"), "?", SYSTEM),
    Mutation("unknown field", json_set(SYSTEM, colour="blue"), "?", SYSTEM),
    Mutation("another submitter", json_set(SYSTEM, submitter="Somebody"), "?", SYSTEM),
    Mutation("another division", json_set(SYSTEM, division="open"), "?", SYSTEM),
    Mutation("description is not JSON", cut(SYSTEM, 0.5), "?", SYSTEM),
    Mutation("description is a list", write_bytes(SYSTEM, b"[1, 2]\n"), "?", SYSTEM),
    Mutation("description in UTF-16", recode(SYSTEM, "utf-16"), "?", SYSTEM),
    Mutation("empty value", json_set(SYSTEM, host_memory_capacity=""), "?", SYSTEM),
    Mutation("number of nodes is no number", json_set(SYSTEM, number_of_nodes="several"), "?", SYSTEM),
    Mutation("more processors than cores", json_set(SYSTEM, host_processors_per_node="64"), "?", SYSTEM),
    Mutation("datacenter without ECC stated", json_set(SYSTEM, host_memory_configuration="8x 8GB DDR4"), "?", SYSTEM),
    Mutation(
        "description of a system without results",
        copy(SYSTEM, f"{CLOSED}/systems/other.json"),
        "?",
        f"{CLOSED}/systems/other.json",
    ),
    Mutation(
        "measurements of a system without results",
        add(f"{CLOSED}/measurements/other/resnet50/Server/user.conf"),
        "?",
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
        "?",
        f"{CLOSED}/results/virtual/fastnet",
    ),
    Mutation(
        "required scenario missing",
        both(remove(SERVER), remove(f"{MEASUREMENTS}/Server"), remove(f"{COMPLIANCE}/Server")),
        "?",
        RESULTS,
    ),
    Mutation(
        "scenario folder of no scenario",
        add(f"{RESULTS}/Burst/performance/run_1/mlperf_log_detail.txt"),
        "?",
        f"{RESULTS}/Burst",
    ),
    # --- measurements and code
    Mutation("measurements missing", remove(f"{MEASUREMENTS}/Server"), "?", f"{MEASUREMENTS}/Server"),
    Mutation(
        "mlperf.conf missing", remove(f"{MEASUREMENTS}/Server/mlperf.conf"), "?", f"{MEASUREMENTS}/Server/mlperf.conf"
    ),
    Mutation("user.conf missing", remove(f"{MEASUREMENTS}/Server/user.conf"), "?", f"{MEASUREMENTS}/Server/user.conf"),
    Mutation("README missing", remove(f"{MEASUREMENTS}/Server/README.md"), "?", f"{MEASUREMENTS}/Server/README.md"),
    Mutation(
        "implementation description missing",
        remove(f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json"),
        "?",
        f"{MEASUREMENTS}/Server",
    ),
    Mutation(
        "implementation description without weights",
        json_drop(f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json", "starting_weights_filename"),
        "?",
        f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json",
    ),
    Mutation(
        "implementation description is not JSON",
        cut(f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json", 0.4),
        "?",
        f"{MEASUREMENTS}/Server/virtual_levelfield-onnxruntime_Server.json",
    ),
    Mutation("code missing", remove(f"{CLOSED}/code/resnet50"), "?", f"{CLOSED}/code/resnet50"),
    # --- accuracy
    Mutation(
        "accuracy.txt missing", remove(f"{OFFLINE}/accuracy/accuracy.txt"), "?", f"{OFFLINE}/accuracy/accuracy.txt"
    ),
    Mutation("accuracy folder missing", remove(f"{OFFLINE}/accuracy"), "?", f"{OFFLINE}/accuracy"),
    Mutation(
        "accuracy below the target",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"76\.100", "75.000"),
        "?",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "accuracy passes only rounded",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"76\.100", "75.69535"),
        "?",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "accuracy is not a number",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"76\.100", "nan"),
        "?",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "no hash", sub(f"{OFFLINE}/accuracy/accuracy.txt", r"^hash=.*\n", ""), "?", f"{OFFLINE}/accuracy/accuracy.txt"
    ),
    Mutation(
        "hash is none",
        sub(f"{OFFLINE}/accuracy/accuracy.txt", r"^hash=.*", "hash=1234"),
        "?",
        f"{OFFLINE}/accuracy/accuracy.txt",
    ),
    Mutation(
        "accuracy log missing",
        remove(f"{OFFLINE}/accuracy/mlperf_log_accuracy.json"),
        "?",
        f"{OFFLINE}/accuracy/mlperf_log_accuracy.json",
    ),
    Mutation(
        "accuracy log not cut",
        append(f"{OFFLINE}/accuracy/mlperf_log_accuracy.json", "x" * 20_000),
        "?",
        f"{OFFLINE}/accuracy/mlperf_log_accuracy.json",
    ),
    Mutation(
        "error in the accuracy run",
        line(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "error_runtime", '"broken"', is_error=True),
        "?",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "accuracy run in another mode",
        set_key(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "effective_test_mode", '"PerformanceOnly"'),
        "?",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "accuracy run of another scenario",
        set_key(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "effective_scenario", '"Server"'),
        "?",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "accuracy of a part of the dataset",
        set_key(f"{OFFLINE}/accuracy/mlperf_log_detail.txt", "qsl_reported_total_count", "5000"),
        "?",
        f"{OFFLINE}/accuracy/mlperf_log_detail.txt",
    ),
    Mutation(
        "unexpected file beside the accuracy logs",
        add(f"{OFFLINE}/accuracy/notes.txt"),
        "?",
        f"{OFFLINE}/accuracy/notes.txt",
    ),
    # --- performance: files
    Mutation("run_1 missing", remove(f"{SERVER}/performance/run_1"), "?", f"{SERVER}/performance/run_1"),
    Mutation("detail log missing", remove(f"{SERVER}/{DETAIL}"), "?", f"{SERVER}/{DETAIL}"),
    Mutation("summary log missing", remove(f"{SERVER}/{SUMMARY}"), "?", f"{SERVER}/{SUMMARY}"),
    Mutation(
        "unexpected file in run_1",
        add(f"{SERVER}/performance/run_1/notes.txt"),
        "?",
        f"{SERVER}/performance/run_1/notes.txt",
    ),
    Mutation("detail log cut in a line", cut(f"{SERVER}/{DETAIL}", 0.6), "?", f"{SERVER}/{DETAIL}"),
    Mutation(
        "detail log is binary", write_bytes(f"{SERVER}/{DETAIL}", bytes(range(256)) * 40), "?", f"{SERVER}/{DETAIL}"
    ),
    Mutation("detail log is empty", write_bytes(f"{SERVER}/{DETAIL}", b""), "?", f"{SERVER}/{DETAIL}"),
    Mutation("detail log in UTF-16", recode(f"{SERVER}/{DETAIL}", "utf-16"), "?", f"{SERVER}/{DETAIL}"),
    Mutation(
        "a broken line in the detail log",
        append(f"{SERVER}/{DETAIL}", ':::MLLOG {"key": "x", "value": \n'),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation("summary log in UTF-16", recode(f"{SERVER}/{SUMMARY}", "utf-16"), "?", f"{SERVER}/{SUMMARY}"),
    Mutation(
        "logs of two scenarios swapped",
        swap(f"{SERVER}/performance/run_1", f"{OFFLINE}/performance/run_1"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "accuracy logs in the place of performance",
        both(
            copy(f"{SERVER}/accuracy/mlperf_log_detail.txt", f"{SERVER}/{DETAIL}"),
            copy(f"{SERVER}/accuracy/mlperf_log_summary.txt", f"{SERVER}/{SUMMARY}"),
        ),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    # --- performance: what the official checker looks at, or should
    Mutation(
        "result is INVALID",
        both(
            set_key(f"{SERVER}/{DETAIL}", "result_validity", '"INVALID"'),
            set_summary(f"{SERVER}/{SUMMARY}", "Result is", "INVALID"),
        ),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "error line in the run",
        line(f"{SERVER}/{DETAIL}", "error_runtime", '"broken"', is_error=True),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "too few samples in memory",
        both(
            set_key(f"{SERVER}/{DETAIL}", "effective_performance_sample_count", "512"),
            set_summary(f"{SERVER}/{SUMMARY}", "performance_sample_count", "512"),
        ),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "another seed of the loaded set",
        both(
            set_key(f"{SERVER}/{DETAIL}", "effective_qsl_rng_seed", "1"),
            set_summary(f"{SERVER}/{SUMMARY}", "qsl_rng_seed", "1"),
        ),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "another seed of the samples",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_sample_index_rng_seed", "1"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "sample_index_rng_seed", "1"),
        ),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "another seed of the schedule",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_schedule_rng_seed", "1"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "schedule_rng_seed", "1"),
        ),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "performance run in another mode",
        set_key(f"{SERVER}/{DETAIL}", "effective_test_mode", '"SubmissionRun"'),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "same sample again and again",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_performance_issue_same", "true"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "performance_issue_same", "1"),
        ),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "early stopping not met",
        set_key(f"{SERVER}/{DETAIL}", "early_stopping_met", "false"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "latency limit exceeded",
        both(
            set_key(f"{SERVER}/{DETAIL}", "effective_target_latency_ns", "30000000"),
            set_key(f"{SERVER}/{DETAIL}", "requested_server_target_latency_ns", "30000000"),
            set_summary(f"{SERVER}/{SUMMARY}", "target_latency (ns)", "30000000"),
        ),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "minimum duration too short",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "effective_min_duration_ms", "60000"),
            set_key(f"{OFFLINE}/{DETAIL}", "requested_min_duration_ms", "60000"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "min_duration (ms)", "60000"),
        ),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "another percentile",
        set_key(f"{SS}/{DETAIL}", "effective_target_latency_percentile", "0.5"),
        "?",
        f"{SS}/{DETAIL}",
    ),
    # --- performance: what nobody looked at
    Mutation(
        "SingleStream estimate made smaller",
        set_key(f"{SS}/{DETAIL}", "early_stopping_latency_ss", "40900000"),
        "?",
        f"{SS}/{DETAIL}",
    ),
    Mutation(
        "MultiStream estimate made smaller",
        set_key(f"{MS}/{DETAIL}", "early_stopping_latency_ms", "40900000"),
        "?",
        f"{MS}/{DETAIL}",
    ),
    Mutation(
        "Offline rate made larger",
        both(
            set_key(f"{OFFLINE}/{DETAIL}", "result_samples_per_second", "97.5048"),
            set_summary(f"{OFFLINE}/{SUMMARY}", "Samples per second", "97.5048"),
        ),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "Server rate made larger",
        both(
            set_key(f"{SERVER}/{DETAIL}", "result_scheduled_samples_per_sec", "51.0918"),
            set_summary(f"{SERVER}/{SUMMARY}", "Scheduled samples per second", "51.09"),
        ),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "headline of the summary differs",
        set_summary(f"{SERVER}/{SUMMARY}", "Scheduled samples per second", "51.09"),
        "?",
        f"{SERVER}/{SUMMARY}",
    ),
    Mutation(
        "summary says VALID, detail does not",
        set_key(f"{SERVER}/{DETAIL}", "result_min_duration_met", "false"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "percentiles do not rise",
        set_key(f"{SERVER}/{DETAIL}", "result_90.00_percentile_latency_ns", "10"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "more late queries than early stopping allows",
        set_key(f"{SERVER}/{DETAIL}", "result_overlatency_query_count", "900"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "one sample of the loaded set exchanged",
        sub(f"{SERVER}/{DETAIL}", r'("loaded_qsl_set", "value": \[)\d+', r"\g<1>7"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "order of the loaded set changed",
        sub(f"{SERVER}/{DETAIL}", r'("loaded_qsl_set", "value": \[)(\d+),(\d+)', r"\g<1>\g<3>,\g<2>"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "fewer queries than the schedule has",
        both(
            set_key(f"{SERVER}/{DETAIL}", "generated_query_count", "15000"),
            set_key(f"{SERVER}/{DETAIL}", "result_query_count", "15000"),
        ),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "schedule of another length",
        set_key(f"{SERVER}/{DETAIL}", "generated_query_duration", "700054346277"),
        "?",
        f"{SERVER}/{DETAIL}",
    ),
    Mutation(
        "not a number for a result",
        set_key(f"{OFFLINE}/{DETAIL}", "result_samples_per_second", "-nan"),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "infinite result",
        set_key(f"{OFFLINE}/{DETAIL}", "result_samples_per_second", "inf"),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    Mutation(
        "a key is missing", drop_line(f"{OFFLINE}/{DETAIL}", "effective_min_duration_ms"), "?", f"{OFFLINE}/{DETAIL}"
    ),
    Mutation(
        "load generator of no release",
        set_key(f"{OFFLINE}/{DETAIL}", "loadgen_version", '"my own"'),
        "?",
        f"{OFFLINE}/{DETAIL}",
    ),
    # --- audits
    Mutation("compliance missing", remove(f"{COMPLIANCE}/Offline"), "?", f"{COMPLIANCE}/Offline"),
    Mutation("one audit missing", remove(f"{COMPLIANCE}/Offline/TEST05"), "?", f"{COMPLIANCE}/Offline/TEST05"),
    Mutation(
        "an audit that is not the last failed",
        write_bytes(f"{COMPLIANCE}/Offline/TEST01/verify_performance.txt", b"TEST FAIL\n"),
        "?",
        f"{COMPLIANCE}/Offline/TEST01/verify_performance.txt",
    ),
    Mutation(
        "verification of accuracy failed",
        write_bytes(f"{COMPLIANCE}/Offline/TEST01/verify_accuracy.txt", b"TEST FAIL\n"),
        "?",
        f"{COMPLIANCE}/Offline/TEST01/verify_accuracy.txt",
    ),
    Mutation(
        "verification missing",
        remove(f"{COMPLIANCE}/Offline/TEST04-A/verify_performance.txt"),
        "?",
        f"{COMPLIANCE}/Offline/TEST04-A/verify_performance.txt",
    ),
    Mutation(
        "log of an audit missing",
        remove(f"{COMPLIANCE}/Offline/TEST05/{DETAIL}"),
        "?",
        f"{COMPLIANCE}/Offline/TEST05/{DETAIL}",
    ),
    Mutation(
        "TEST05 with the usual seeds",
        copy(f"{OFFLINE}/performance/run_1", f"{COMPLIANCE}/Offline/TEST05/performance/run_1"),
        "?",
        f"{COMPLIANCE}/Offline/TEST05/{DETAIL}",
    ),
    Mutation(
        "TEST01 without sampling",
        set_key(f"{COMPLIANCE}/Offline/TEST01/{DETAIL}", "effective_accuracy_log_sampling_target", "0"),
        "?",
        f"{COMPLIANCE}/Offline/TEST01/{DETAIL}",
    ),
    Mutation(
        "TEST04-A without unique samples",
        set_key(f"{COMPLIANCE}/Offline/TEST04-A/{DETAIL}", "effective_performance_issue_unique", "false"),
        "?",
        f"{COMPLIANCE}/Offline/TEST04-A/{DETAIL}",
    ),
    Mutation(
        "TEST04-B with another sample",
        set_key(f"{COMPLIANCE}/Offline/TEST04-B/{DETAIL}", "effective_performance_issue_same_index", "5"),
        "?",
        f"{COMPLIANCE}/Offline/TEST04-B/{DETAIL}",
    ),
    Mutation(
        "audit without early stopping",
        set_key(f"{COMPLIANCE}/Offline/TEST05/{DETAIL}", "result_validity", '"INVALID"'),
        "?",
        f"{COMPLIANCE}/Offline/TEST05/{DETAIL}",
    ),
    Mutation(
        "hash of TEST01 missing",
        sub(f"{COMPLIANCE}/Offline/TEST01/accuracy/accuracy.txt", r"^hash=.*\n", ""),
        "?",
        f"{COMPLIANCE}/Offline/TEST01/accuracy/accuracy.txt",
    ),
)

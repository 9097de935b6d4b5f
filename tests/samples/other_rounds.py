"""Small submissions of tiny and mobile, made by hand: a whole tree that a test then damages."""

from __future__ import annotations

import json


def tiny_results(median: float = 15.0, *, windows: int = 5, energy: bool = False) -> bytes:
    """As the runner prints it: windows of 300 inferences in 20 s, and 1000 uJ an inference."""
    lines = []
    for number in range(2, 2 * windows + 1, 2):
        if energy:
            lines += [f"Energy data for window {number} at time 1.0 for 20.0 sec.:", "  Energy       : 300000.000 uJ"]
    if energy:
        lines.append("Median energy cost is 1000.000 uJ/inf.")
    for number in range(2, 2 * windows + 1, 2):
        lines += [
            f"Performance results for window {number}:",
            "  # Inferences :  300",
            "  Runtime      :  20.000 sec.",
            "  Throughput   :  15.000 inf./sec.",
        ]
    lines.append(f"Median throughput is {median:.3f} inf./sec.")
    return "".join(f"00100.000 ulp-mlperf: {line}\r\n" for line in lines).encode()


def tiny_performance_log(*, windows: int = 5, duration_us: int = 20_000_000, model: str = "kws01") -> bytes:
    lines = [f"00001.000 dut: m-model-[{model}]"]
    for number in range(windows):
        lines += [
            f'00002.000 parser: Command "bload dut "d/tst_{number:06}_Stop_7.bin""',
            "00002.000 dut: m-infer-start-300",
            f"00002.000 dut: m-lap-us-{1000 + number * 10**8}",
            f"00022.000 dut: m-lap-us-{1000 + number * 10**8 + duration_us}",
            "00022.000 dut: m-infer-done",
        ]
    return "\n".join(lines).encode()


def tiny_accuracy_log(*, files: int = 1000, wrong: int = 50) -> bytes:
    """Answers to keyword files of 12 classes; the first so many are wrong."""
    lines = []
    for number in range(files):
        label = number % 12
        answer = (label + 1) % 12 if number < wrong else label
        vector = ",".join("0.950" if index == answer else "0.004" for index in range(12))
        lines += [
            f'00002.000 parser: Command "bload dut "d/tst_{number:06}_Word_{label}.bin""',
            f"00002.000 dut: m-results-[{vector}]",
        ]
    return "\n".join(lines).encode()


TINY_PATH = "closed/Acme/results/board/kws"


def tiny_tree() -> dict[str, bytes]:
    """One board, closed, on keyword spotting: 15 inf/s, 1000 uJ an inference, 95 % by the log."""
    system = {"Submitter": "Acme Corp", "Status": "Preview", "Board Name": "Board 1", "Accelerator": "N/A"}
    return {
        "closed/Acme/systems/board.json": json.dumps(system).encode(),
        f"{TINY_PATH}/performance/log.txt": tiny_performance_log(),
        f"{TINY_PATH}/performance/results.txt": tiny_results(),
        f"{TINY_PATH}/accuracy/log.txt": tiny_accuracy_log(),
        f"{TINY_PATH}/accuracy/results.txt": b"Top-1: 95.0%\nAUC: 0.97\n",
        f"{TINY_PATH}/energy/energy_results.txt": tiny_results(energy=True),
    }


MOBILE_PATH = "closed/Acme/results/phone/results.json"


def mobile_entry(name: str, *, score: str = "1000.5", accuracy: str = "") -> dict[str, object]:
    return {
        "benchmark_id": name,
        "configuration": {"runtime": ""},
        "score": "Infinity" if accuracy else score,
        "accuracy": accuracy or "N/A",
        "min_duration": "60000.0",
        "duration": "0.0" if accuracy else "59999.0",
        "min_samples": "1024",
        "num_samples": "0" if accuracy else "2000",
        "mode": "accuracy_mode" if accuracy else "performance_lite_mode",
        "datetime": "2022-02-25T01:58:07.905",
    }


def mobile_entries() -> list[dict[str, object]]:
    return [
        mobile_entry("IC_tpu_uint8"),
        mobile_entry("OD_uint8", score="900.25"),
        mobile_entry("IC_tpu_uint8", accuracy="75.92%"),
        mobile_entry("OD_uint8", accuracy="0.2785 mAP"),
    ]


def mobile_tree(entries: list[dict[str, object]] | None = None) -> dict[str, bytes]:
    """One phone, closed, with classification and detection."""
    system = {"submitter": "Acme Corp", "status": "available", "system_name": "Phone 1", "Accelerator_type_1": "NPU"}
    return {
        "closed/Acme/systems/phone.json": json.dumps(system).encode(),
        MOBILE_PATH: json.dumps(mobile_entries() if entries is None else entries).encode(),
    }

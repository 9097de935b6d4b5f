"""A request as the command that makes it, for the result and the submission: so a run can be repeated."""

from __future__ import annotations

from levelfield.backends.port import Arithmetic
from levelfield.inference.request import RunRequest
from levelfield.loadgen.run import IssuingChoice
from levelfield.terms import Edition, Scenario
from levelfield.workloads.task import Precision

__all__ = ["command_of"]


def command_of(request: RunRequest, scenario: Scenario) -> tuple[str, ...]:
    """The command that runs one scenario of a request, word by word; options at their default are left out.

    Paths stand as the user gave them.
    """
    serving = request.serving
    words = ["levelfield", "inference", "run", "--benchmark", request.benchmark, "--scenario", scenario.value]

    def add(option: str, value: object, default: object = None) -> None:
        if value != default:
            words.extend([option, str(value)])

    add("--edition", request.edition, Edition.MINI)
    add("--rules", request.rules)
    add("--backend", request.backend)
    add("--provider", request.provider)
    add("--arithmetic", request.arithmetic, Arithmetic.MODEL)
    add("--precision", request.precision, Precision.FP32)
    add("--model", request.model)
    add("--data", request.data)
    add("--threads", serving.threads)
    add("--workers", serving.workers)
    add("--batch", serving.batch_size)
    add("--batch-delay", serving.batch_delay_ms)
    add("--latency-budget", serving.latency_budget_ms)
    add("--duration", request.duration_s)
    for pair in request.settings:
        add("--set", pair)
    for path in request.user_conf:
        add("--user-conf", path)
    add("--config", request.native_conf)
    add("--audit-config", request.audit_conf)
    add("--issuing", request.issuing, IssuingChoice.AUTO)
    add("--stall", request.stall_s)
    add("--system-name", request.system_name)
    flags = {
        "--official": request.official,
        "--no-accuracy": not request.accuracy,
        "--accuracy-only": not request.performance,
    }
    words += [flag for flag, given in flags.items() if given]
    add("--out", request.out)
    return tuple(words)

"""A request as the command that makes it, for the record and the submission: so runs can be repeated."""

from __future__ import annotations

from levelfield.terms import Division, Edition
from levelfield.training.port import NumberFormat
from levelfield.training.request import TrainingRequest

__all__ = ["command_of"]


def command_of(request: TrainingRequest, *, processes: int = 1, hosts: int = 1) -> tuple[str, ...]:
    """The command that carries out a request, word by word; options at their default are left out.

    Paths stand as the user gave them.

    Args:
        request: What is asked for.
        processes: Over all hosts; more than one are started by ``torchrun``.
        hosts: Each with as many of them.
    """
    words = ["levelfield", "training", "run", "--benchmark", request.benchmark]
    if processes > 1:
        nodes = ["--nnodes", str(hosts)] if hosts > 1 else []
        words[:1] = ["torchrun", *nodes, "--nproc-per-node", str(processes // hosts), "-m", "levelfield"]

    def add(option: str, value: object, default: object = None) -> None:
        if value != default:
            words.extend([option, str(value)])

    add("--edition", request.edition, Edition.MINI)
    add("--runs", request.runs, 1)
    add("--rules", request.rules)
    add("--seed", request.seed)
    add("--batch", request.batch_size)
    add("--precision", request.number_format, NumberFormat.FP32)
    for name, value in (request.changed or {}).items():
        add("--set", f"{name}={value}")
    add("--data", request.data)
    add("--start", request.start)
    add("--device", request.device, "auto")
    add("--threads", request.threads)
    add("--division", request.division, Division.OPEN)
    add("--submitter", request.organisation, "")
    add("--status", request.status, "research")
    add("--system-name", request.system_name)
    add("--peak-flops", request.peak_flops)
    flags = {
        "--checkpoints": request.checkpoints,
        "--keep-model": request.keep_model,
        "--resume": request.resume,
        "--clear-caches": request.clear_caches,
        "--shuffled-labels": request.shuffled_labels,
    }
    words += [flag for flag, given in flags.items() if given]
    add("--out", request.out)
    return tuple(words)

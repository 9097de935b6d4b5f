"""An implementation written for LoadGen's Python module: a system under test, a sample library, one test.

    python sut_script.py MODULE CASE.json

The module is ``mlperf_loadgen`` (the wheel) or ``levelfield.compat.mlperf_loadgen``; nothing else differs. The test
runs in the working directory, where its logs stay; what the callbacks saw goes to ``observed.json``.
"""

from __future__ import annotations

import array
import importlib
import json
import queue
import sys
import threading
from pathlib import Path

lg = importlib.import_module(sys.argv[1])
case = json.loads(Path(sys.argv[2]).read_text())
observed = {"calls": [], "issued": [], "response_cb": 0, "from_config": []}


def output_of(index):
    """A payload whose length and content depend on the sample."""
    return array.array("B", [(index * 7 + k) % 256 for k in range(1 + index % 5)])


def response_of(sample_id, index, kept):
    data = output_of(index)
    kept.append(data)
    address, length = data.buffer_info()
    if case.get("response_cb"):
        address, length = 0, 0
    if case.get("tokens"):
        return lg.QuerySampleResponse(sample_id, address, length, 3 + index % 4)
    return lg.QuerySampleResponse(sample_id, address, length)


def complete(ids, indices):
    """Report some samples, first tokens ahead where the case has them."""
    kept = []
    responses = [response_of(*pair, kept) for pair in zip(ids, indices, strict=True)]
    if case.get("tokens") and case["settings"]["scenario"] != "Offline":
        lg.FirstTokenComplete(responses)
    if case.get("response_cb"):
        index_of = dict(zip(ids, indices, strict=True))

        def fill(response):
            data = output_of(index_of[response.id])
            kept.append(data)
            response.data, response.size = data.buffer_info()
            observed["response_cb"] += 1

        lg.QuerySamplesComplete(responses, fill)
    else:
        lg.QuerySamplesComplete(responses)


work = queue.Queue()


def worker():
    while (item := work.get()) is not None:
        complete(*item)


def handle(ids, indices):
    observed["issued"].append(list(indices))
    batch = case.get("batch") or len(ids)
    pieces = [(ids[k : k + batch], indices[k : k + batch]) for k in range(0, len(ids), batch)]
    for piece in pieces:
        if case.get("workers"):
            work.put(piece)
        else:
            complete(*piece)


def issue_objects(samples):
    handle([sample.id for sample in samples], [sample.index for sample in samples])


def flush():
    observed["calls"].append("flush")


def load(indices):
    observed["calls"].append(["load", list(indices)])


def unload(indices):
    observed["calls"].append(["unload", list(indices)])


def make_settings():
    settings = lg.TestSettings()
    for path, model, scenario, conf_type in case.get("from_config", []):
        observed["from_config"].append(settings.FromConfig(path, model, scenario, conf_type))
    for name, value in case["settings"].items():
        kind = {"scenario": lg.TestScenario, "mode": lg.TestMode}.get(name)
        setattr(settings, name, getattr(kind, value) if kind else value)
    return settings


def main():
    workers = [threading.Thread(target=worker) for _ in range(case.get("workers", 0))]
    for thread in workers:
        thread.start()
    match case.get("system", "sut"):
        case "sut":
            make, destroy = lambda: lg.ConstructSUT(issue_objects, flush), lg.DestroySUT
        case "fast":
            make, destroy = lambda: lg.ConstructFastSUT(handle, flush), lg.DestroyFastSUT
        case "qdl":
            make, destroy = lambda: lg.ConstructQDL(issue_objects, flush, lambda: "far away"), lg.DestroyQDL
    system = make()
    library = lg.ConstructQSL(*case.get("samples", [100, 40]), load, unload)
    settings = make_settings()
    if "log" in case:
        logs = lg.LogSettings()
        for name, value in case["log"].items():
            setattr(logs if hasattr(logs, name) else logs.log_output, name, value)
        lg.StartTestWithLogSettings(system, library, settings, logs)
    else:
        lg.StartTest(system, library, settings)
    for _ in workers:
        work.put(None)
    for thread in workers:
        thread.join()
    lg.DestroyQSL(library)
    destroy(system)
    Path("observed.json").write_text(json.dumps(observed))


main()

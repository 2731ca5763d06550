"""Reads the event files of groklab with TensorBoard's own package.

    pip install tensorboard
    python tests/outside/read_tensorboard.py

Trains with --tensorboard, alone and as replicas; kills a training in the middle,
tears the last record of its file, and resumes it. What TensorBoard's accumulator
reads must be the rows of metrics.jsonl, at the same steps and once, as float32; its
hparams plugin's data must be the config and how the run ended. The same of
`groklab export --format tensorboard`. Prints a table in Markdown; exits with 1 where
anything disagrees.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from groklab_runs import ROOT, groklab, train
from tensorboard import version
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import api_pb2, metadata

failed = False


def tag_of(name):
    for what in ("loss", "accuracy"):
        if name.endswith(f"_{what}") and "." not in name:
            return f"{what}/{name[: -len(what) - 1]}"
    return name.replace(".", "/", 1)


def wanted_of(run):
    series = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        row = json.loads(line)
        for name, value in row.items():
            if name != "step" and value is not None:
                point = (row["step"], float(np.float32(value)))
                series.setdefault(tag_of(name), []).append(point)
    return series


def check(what, logs, runs, status):
    global failed
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(logs))
    multiplexer.Reload()
    fine = sorted(multiplexer.Runs()) == sorted(runs)
    points = 0
    for name, run in runs.items():
        accumulator = multiplexer.GetAccumulator(name)
        series = {
            tag: [(e.step, e.value) for e in accumulator.Scalars(tag)]
            for tag in accumulator.Tags()["scalars"]
        }
        fine &= series == wanted_of(run)
        points += sum(map(len, series.values()))
        found = accumulator.PluginTagToContent("hparams")
        start = metadata.parse_session_start_info_plugin_data(
            found[metadata.SESSION_START_INFO_TAG]
        )
        config = json.loads((run / "config.json").read_text())
        fine &= start.hparams["loss"].string_value == config["loss"]
        fine &= start.hparams["lr"].number_value == config["lr"]
        fine &= start.hparams["perpGrad"].bool_value == config["perpGrad"]
        fine &= json.loads(start.hparams["hidden"].string_value) == config["hidden"]
        fine &= not {"device", "threads"} & set(start.hparams)
        end = metadata.parse_session_end_info_plugin_data(
            found[metadata.SESSION_END_INFO_TAG]
        )
        fine &= end.status == status
    failed |= not fine
    print(f"| {what} | {len(runs)} | {points} | {'equal' if fine else 'DIFFERENT'} |")


def killed(run, logs):
    """Trains until there are some rows, and ends it by force."""
    command = ["deno", "task", "groklab", "train", "--run", run, "--modulus", "23"]
    command += ["--steps", "4000", "--eval-every", "20", "--tensorboard", logs]
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    metrics = run / "metrics.jsonl"
    while not metrics.exists() or metrics.read_text().count("\n") < 12:
        time.sleep(0.05)
    subprocess.run(["kill", "-9", "--", f"-{process.pid}"], check=True)
    process.wait()


print(f"Read by tensorboard {version.VERSION}:\n")
print("| what | runs | points | |\n|---|---|---|---|")
success, failure = api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE
with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    alone = train(
        folder / "alone",
        *("--steps", "60", "--metrics", "all", "--tensorboard", folder / "logs"),
    )
    check("a run", folder / "logs", {"alone": alone}, success)
    band = train(
        folder / "band",
        *("--steps", "30", "--replicas", "2", "--tensorboard", folder / "bands"),
    )
    replicas = {f"band/replica-{i}": band / f"replica-{i}" for i in range(2)}
    check("replicas", folder / "bands", replicas, success)
    run, logs = folder / "killed", folder / "torn"
    killed(run, logs)
    (file,) = (logs / "killed").glob("*tfevents*")
    file.write_bytes(file.read_bytes()[:-9])
    groklab("train", "--resume", run, "--tensorboard", logs)
    assert len(list((logs / "killed").glob("*tfevents*"))) == 2
    check("killed, torn, resumed", logs, {"killed": run}, success)
    groklab("export", alone, band, "--format", "tensorboard", "--out", folder / "out")
    check("exported", folder / "out", {"alone": alone, **replicas}, success)
sys.exit(1 if failed else 0)

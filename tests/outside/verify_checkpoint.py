"""Holds a checkpoint to what training saw, with tools that are not groklab's.

    pip install numpy onnx onnxruntime
    deno task train --run runs/default
    deno run -A tests/outside/dump_logits.ts runs/default /tmp/logits
    python tests/outside/verify_checkpoint.py /tmp/logits

Checks the file with ONNX's full check, then computes the logits of every row of
the task, in batches of 1, 7 and all, with the official onnxruntime, with ONNX's
reference evaluator and (from the dump) with onnxruntime-web's wasm provider. The
predictions must be the same and every logit within 1e-4 of the row's largest.
Prints a table in Markdown; exits with 1 where anything disagrees.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

folder = pathlib.Path(sys.argv[1])
about = json.loads((folder / "about.json").read_text())
rows, width, classes = about["rows"], about["width"], about["classes"]


def load(name, columns):
    return np.fromfile(folder / name, dtype="<f8").reshape(rows, columns)


def in_batches(run, inputs, size):
    parts = [inputs[i : i + size] for i in range(0, rows, size)]
    return np.concatenate([run(part) for part in parts])


path = about["checkpoint"]
onnx.checker.check_model(path, full_check=True)
print(f"ONNX {onnx.__version__} full check: passed\n")

kind = np.int64 if about["input"] == "tokens" else np.float32
inputs = load("inputs.f64", width).astype(kind)
training = load("training.f64", classes)

session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
evaluator = ReferenceEvaluator(path)
tools = {
    f"onnxruntime {onnxruntime.__version__} (Python)": lambda x: session.run(
        ["logits"], {about["input"]: x}
    )[0],
    f"reference evaluator of ONNX {onnx.__version__}": lambda x: evaluator.run(
        ["logits"], {about["input"]: x}
    )[0],
}

failed = False
print("| tool | batch | rows with the same prediction | largest difference |")
print("|---|---|---|---|")
for batch in (1, 7, rows):
    results = {name: in_batches(run, inputs, batch) for name, run in tools.items()}
    results["onnxruntime-web, wasm"] = load(f"wasm-{batch}.f64", classes)
    for name, logits in results.items():
        same = int((logits.argmax(1) == training.argmax(1)).sum())
        # Relative to the row's largest logit: a logit that happens to be near
        # zero has no digits of its own.
        scale = np.abs(training).max(1, keepdims=True)
        difference = float((np.abs(logits - training) / scale).max())
        failed |= same != rows or not difference <= 1e-4
        print(f"| {name} | {batch} | {same} of {rows} | {difference:.1e} |")
sys.exit(1 if failed else 0)

"""Runs the Python blocks of docs/python.md as they stand there.

    pip install duckdb numpy onnx2torch onnxruntime pandas pyarrow safetensors \\
        tensorboard torch transformer-lens
    python tests/outside/run_python_docs.py

Makes the runs and files by the page's own commands, in an empty folder, and runs
every block in a Python of its own there. The block for TransformerLens before 4 is
left out where 4 is installed, and the other way round. Prints what each block
printed; exits with 1 where one fails.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version

from groklab_runs import ROOT

page = (ROOT / "docs" / "python.md").read_text()
blocks = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```", page, re.S | re.M)
old_lens = int(version("transformer-lens").split(".")[0]) < 4


def passed_over(about, code):
    if "transformer_lens import" not in code:
        return False
    return (about.strip() == "before-4") != old_lens


failed = 0
with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "runs").mkdir()
    commands = next(code for language, _, code in blocks if language == "sh")
    for line in commands.splitlines():
        name, *words = line.removeprefix("deno task ").split()
        command = ["deno", "run", "-A", str(ROOT / "tasks" / f"{name}.ts"), *words]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    python = [(about, code) for language, about, code in blocks if language == "python"]
    for about, code in python:
        title = code.strip().splitlines()[0]
        if passed_over(about, code):
            print(f"left out: another TransformerLens is here ({title} …)\n")
            continue
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=folder,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
        )
        failed += done.returncode != 0
        print(code if done.returncode else f"ran: {title} …")
        print(done.stdout + (done.stderr if done.returncode else ""))
    print(f"{len(python)} blocks, {failed} failed")
sys.exit(1 if failed or len(python) < 8 else 0)

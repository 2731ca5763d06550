"""Runs of seconds for the scripts beside this, made by groklab's own commands."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def groklab(*words):
    """Runs a command of groklab; what it says is shown where it fails."""
    command = ["deno", "task", "groklab", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done


def train(run, *flags):
    """Trains into a folder and returns it."""
    groklab("train", "--run", run, "--modulus", "23", *flags)
    return run

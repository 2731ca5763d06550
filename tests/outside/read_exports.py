"""Reads what `groklab export` writes, with tools that are not groklab's.

    pip install numpy onnxruntime safetensors torch transformer-lens
    python tests/outside/read_exports.py

Trains a transformer and a perceptron for seconds, exports them, and holds what
safetensors, NumPy and PyTorch read to the initialisers that ONNX reads: equal to
the last bit, with their types. Then loads the transformer's state dict into
TransformerLens, strictly, and holds its logits to those that onnxruntime computes
from the checkpoint: within 1e-4 of the largest. Prints a table in Markdown; exits
with 1 where anything disagrees.
"""

import json
import pathlib
import sys
import tempfile
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
import safetensors
import safetensors.torch
import torch
from groklab_runs import groklab, train

failed = False


def row(what, tool, fine, says=""):
    global failed
    failed |= not fine
    print(f"| {what} | {tool} | {'equal' if fine else 'DIFFERENT'} | {says} |")


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def initialisers(path):
    model = onnx.load(path)
    return {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}


def compare(name, run, folder):
    onnx_file = sorted((run / "checkpoints").glob("*.onnx"))[-1]
    wanted = initialisers(onnx_file)
    config = json.loads((run / "config.json").read_text())
    for ending in ("safetensors", "npz"):
        groklab("export", run, "--out", folder / f"{name}.{ending}")
    with safetensors.safe_open(folder / f"{name}.safetensors", "np") as file:
        said = file.metadata()
        read = {key: file.get_tensor(key) for key in file.keys()}
    fine = read.keys() == wanted.keys() and all(same(read[k], wanted[k]) for k in read)
    fine &= json.loads(said["config"]) == config
    row(name, f"safetensors {safetensors.__version__}", fine, f"{len(read)} tensors")
    loaded = safetensors.torch.load_file(folder / f"{name}.safetensors")
    fine = all(same(loaded[key].numpy(), wanted[key]) for key in wanted)
    row(name, f"torch {torch.__version__}", fine)
    with np.load(folder / f"{name}.npz") as file:
        fine = json.loads(file["metadata.json"])["config"] == config
        fine &= set(file.files) == {*wanted, "metadata.json"}
        fine &= all(same(file[key], wanted[key]) for key in wanted)
    row(name, f"numpy {np.__version__}", fine)
    return onnx_file


def lens_logits(state, config, tokens):
    """Logits at the last position, by whichever TransformerLens is here."""
    import transformer_lens

    try:
        from transformer_lens import HookedTransformer, HookedTransformerConfig

        model = HookedTransformer(HookedTransformerConfig(**config))
        model.load_state_dict(state, strict=True)
        tool = "HookedTransformer, TransformerLens before 4"
    except ImportError:
        from transformer_lens import TransformerBridgeConfig
        from transformer_lens.model_bridge.sources.native import boot
        from transformer_lens.utilities.tl_checkpoint_conversion import (
            convert_tl_checkpoint,
        )

        bridge_config = TransformerBridgeConfig(**config)
        model = boot(bridge_config)
        model.load_state_dict(
            convert_tl_checkpoint(state, bridge_config), strict=True
        )
        tool = f"TransformerBridge {version('transformer-lens')}"
    with torch.no_grad():
        return tool, model(torch.from_numpy(tokens))[:, -1].numpy()


def compare_lens(run, onnx_file, folder):
    path = folder / "lens.safetensors"
    groklab("export", run, "--names", "transformer-lens", "--out", path)
    with safetensors.safe_open(path, "np") as file:
        config = json.loads(file.metadata()["transformer_lens"])
    p = config["d_vocab_out"]
    tokens = np.array([(a, b, p) for a in range(p) for b in range(p)])
    session = onnxruntime.InferenceSession(onnx_file)
    wanted = session.run(["logits"], {"tokens": tokens})[0]
    tool, logits = lens_logits(safetensors.torch.load_file(path), config, tokens)
    difference = float(np.abs(logits - wanted).max() / np.abs(wanted).max())
    row("state dict", tool, difference <= 1e-4, f"largest difference {difference:.1e}")


print("| what | read by | | |\n|---|---|---|---|")
with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    run = train(folder / "transformer", "--model", "transformer", "--steps", "60")
    onnx_file = compare("transformer", run, folder)
    compare_lens(run, onnx_file, folder)
    run = train(folder / "mlp", "--steps", "5", "--precision", "float64")
    compare("mlp in float64", run, folder)
sys.exit(1 if failed else 0)

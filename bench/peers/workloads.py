"""A benchmark's work, the same for every peer: the rows, weights and settings that
groklab itself trains with, from the file that it writes (bench/work_file.ts).

The models here are written for any framework whose arrays have `@`, `+` and
indices. Each has two forms: the usual one, and with everything looked up that depends
on a token alone. They compute the same numbers but for rounding.
"""

import json
from types import SimpleNamespace

import numpy as np


def read(path):
    """The settings, and inputs, labels and weights as NumPy arrays in float64."""
    with open(path) as file:
        work = SimpleNamespace(**json.load(file))
    array = lambda held: np.array(held["data"], "float64").reshape(held["shape"])
    work.labels = np.array(work.labels)
    work.weights = {path: array(held) for path, held in work.weights.items()}
    # Tokens are numbers of rows, whatever else the inputs are numbers.
    work.inputs = array(work.inputs)
    if work.tokens:
        work.inputs = work.inputs.astype(int)
    return work


def one_hot(work):
    """Inputs as the paper's code multiplies them: one-hot rows side by side."""
    if not work.tokens:
        return work.inputs
    n, length = work.inputs.shape
    ones = np.eye(len(work.weights["layers.0.W"]) // length)
    return ones[work.inputs].reshape(n, -1)


def mlp(p, x, relu, tokens=None):
    """The perceptron's logits, of rows x; or of tokens [n, length] looked up."""
    layers = sum(name.endswith(".W") for name in p)
    for i in range(layers):
        W = p[f"layers.{i}.W"]
        if i == 0 and tokens is not None:
            length = tokens.shape[1]
            of = len(W) // length
            x = W[tokens[:, 0]]
            for j in range(1, length):
                x = x + W[of * j + tokens[:, j]]
        else:
            x = x @ W
        if f"layers.{i}.b" in p:
            x = x + p[f"layers.{i}.b"]
        if i < layers - 1:
            x = relu(x)
    return x


def transformer(p, x, relu, softmax, einsum, looked_up):
    """The transformer's logits at "=", the last token of every row: only there does
    anything go through the block, and "=" sees all that stands before it. Looked up,
    keys and values are made once for each pair of token and position.
    """
    attn, inner = "blocks.0.attn.", "blocks.0.mlp."
    last = x[:, -1]
    if looked_up:
        table = p["W_E"][:, None] + p["W_pos"]
        places = np.arange(x.shape[1])
        k, v = (
            einsum("tpd,hde->tphe", table, p[attn + w])[x, places] for w in ("W_K", "W_V")
        )
        resid = table[last, -1]
    else:
        every = p["W_E"][x] + p["W_pos"]
        k, v = (einsum("bpd,hde->bphe", every, p[attn + w]) for w in ("W_K", "W_V"))
        resid = every[:, -1]
    q = einsum("bd,hde->bhe", resid, p[attn + "W_Q"])
    # A product of so few rows and columns is faster element by element.
    scores = (q[:, None] * k).sum(-1) / q.shape[-1] ** 0.5
    z = (softmax(scores, 1)[..., None] * v).sum(1)
    resid = resid + einsum("bhe,hed->bd", z, p[attn + "W_O"])
    hidden = relu(resid @ p[inner + "W_in"] + p[inner + "b_in"])
    return (resid + hidden @ p[inner + "W_out"] + p[inner + "b_out"]) @ p["W_U"]

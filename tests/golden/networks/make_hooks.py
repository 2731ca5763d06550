"""Reference values of activations: what every hook of a small network has, from PyTorch.

Nothing here shares code with the TypeScript sources. Parameters and rows are those of
models.json and batch_norm.json; the networks are written out below with torch operations, in
float64, and must give the logits that stand there, which came from torch.nn's own modules.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/networks/make_hooks.py

Writes hooks.json beside this script: for each network, by its name in these files, how many of
the rows, and its activations, 12 digits, flattened in row-major order. Scores of positions that
may not be looked at are null.
"""

import json
import math

import torch

from make_golden import HERE, digits, write

torch.set_default_dtype(torch.float64)
ROWS = 3
EXACT = digits(12)
MODELS = ["encoder", "decoder, 2 layers, pre-norm",
          "decoder, 2 layers, post-norm, StableMax, no positions", "MLP, embedding, 3 tokens"]


def read(name):
    return json.loads((HERE / name).read_text())


def params_of(case, key="params"):
    return {k: torch.tensor(v).float().double().reshape(case["shapes"][k])
            for k, v in case[key].items()}


def layer_norm(x, p, path, found):
    """Its result has w and b in it."""
    mean = x.mean(-1, keepdim=True)
    scale = ((x - mean).pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
    found[f"{path}.hook_scale"] = scale
    found[f"{path}.hook_normalized"] = torch.nn.functional.layer_norm(
        x, x.shape[-1:], p[f"{path}.w"], p[f"{path}.b"])
    return found[f"{path}.hook_normalized"]


def attention(x, p, path, o, found):
    """Biases are in q, k, v and in the output; the mask is in the scores."""
    def project(n):
        y = torch.einsum("bpm,hmd->bphd", x, p[f"{path}.W_{n}"])
        return y + p[f"{path}.b_{n}"] if o["attentionBiases"] else y

    q, k, v = (project(n) for n in "QKV")
    for n, y in zip("qkv", (q, k, v)):
        found[f"{path}.hook_{n}"] = y
    scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.shape[-1])
    length = x.shape[1]
    future = torch.ones(length, length, dtype=torch.bool).triu(1) & o["causal"]
    scores = scores.masked_fill(future, -math.inf)
    if o["attention"] == "softmax":
        pattern = scores.softmax(-1)
    else:
        s = torch.where(scores >= 0, scores + 1, 1 / (1 - scores.clamp(max=0)))
        pattern = s / s.sum(-1, keepdim=True)
    found[f"{path}.hook_attn_scores"] = scores
    found[f"{path}.hook_pattern"] = pattern
    z = torch.einsum("bhqk,bkhd->bqhd", pattern, v)
    found[f"{path}.hook_z"] = z
    out = torch.einsum("bqhd,hdm->bqm", z, p[f"{path}.W_O"])
    return out + p[f"{path}.b_O"] if o["attentionBiases"] else out


def transformer(p, tokens, o):
    found = {}
    x = found["hook_embed"] = p["W_E"][tokens]
    if o["positions"] == "learned":
        found["hook_pos_embed"] = p["W_pos"]
        x = x + p["W_pos"]
    for i in range(o["layers"]):
        b = f"blocks.{i}"
        norm = lambda y, n, place: (
            layer_norm(y, p, f"{b}.{n}", found) if o["norm"] == place else y)
        found[f"{b}.hook_resid_pre"] = x
        out = attention(norm(x, "ln1", "pre"), p, f"{b}.attn", o, found)
        found[f"{b}.hook_attn_out"] = out
        mid = found[f"{b}.hook_resid_mid"] = x + out
        mid = norm(mid, "ln1", "post")
        pre = norm(mid, "ln2", "pre") @ p[f"{b}.mlp.W_in"] + p[f"{b}.mlp.b_in"]
        found[f"{b}.mlp.hook_pre"] = pre
        post = found[f"{b}.mlp.hook_post"] = pre.clamp(min=0)
        out = found[f"{b}.hook_mlp_out"] = post @ p[f"{b}.mlp.W_out"] + p[f"{b}.mlp.b_out"]
        x = found[f"{b}.hook_resid_post"] = mid + out
        x = norm(x, "ln2", "post")
    if o["finalNorm"]:
        x = layer_norm(x, p, "ln_final", found)
    logits = x[:, -1] @ p["W_U"]
    return (logits + p["b_U"] if o["unembeddingBias"] else logits), found


def mlp(p, tokens, o, buffers=None):
    """hook_pre is what the ReLU sees: behind a batch normalisation."""
    found = {}
    if o.get("embedding"):
        x = found["hook_embed"] = p["W_E"][tokens]
    else:
        x = torch.nn.functional.one_hot(tokens, o["vocabulary"]).double()
    x = x.flatten(1)
    for i in range(len(o["hidden"]) + 1):
        x = x @ p[f"layers.{i}.W"]
        if o["biases"]:
            x = x + p[f"layers.{i}.b"]
        if i == len(o["hidden"]):
            return x, found
        if buffers:
            at = f"layers.{i}.bn"
            x = torch.nn.functional.batch_norm(
                x, buffers[f"{at}.running_mean"], buffers[f"{at}.running_var"],
                p[f"{at}.w"], p[f"{at}.b"])
        found[f"layers.{i}.hook_pre"] = x
        x = found[f"layers.{i}.hook_post"] = x.clamp(min=0)


def case(logits, found, expected):
    torch.testing.assert_close(
        logits.flatten(), torch.tensor(expected)[:logits.numel()], rtol=1e-12, atol=1e-12)
    return {"rows": ROWS, "activations": {
        k: [None if math.isinf(x) else EXACT(x) for x in v.flatten().tolist()]
        for k, v in found.items()}}


if __name__ == "__main__":
    models, out = read("networks/models.json")["cases"], {}
    for name in MODELS:
        c = models[name]
        forward = mlp if "hidden" in c["options"] else transformer
        tokens = torch.tensor(c["tokens"][:ROWS])
        out[name] = case(*forward(params_of(c), tokens, c["options"]), c["logits"])
    normed = {}
    for name, c in read("networks/batch_norm.json").items():
        tokens = torch.tensor(c["tokens"][:ROWS])
        normed[name] = case(
            *mlp(params_of(c), tokens, c["options"], params_of(c, "buffers")),
            c["evaluation"]["logits"])
    write("networks/hooks.json", {"models": out, "batch_norm": normed})

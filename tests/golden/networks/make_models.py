"""Reference values of architectures and initialisations, from PyTorch with autograd.

Nothing here shares code with the TypeScript sources. The encoders are
torch.nn.TransformerEncoder itself in evaluation mode, its weights taken apart into
TransformerLens's layout ([head, d_model, d_head]); the others are written out below with
torch operations. Gradients are autograd's, of the mean softmax cross-entropy, in float64.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/networks/make_models.py

Writes models.json beside this script:

cases  Options, parameters, token rows, labels; the logits, loss and gradients there; of
       the encoders the logits too when dropout takes out everything at one of its places.
init   For PyTorch's modules and torch.nn.init, of tensors large enough to tell: standard
       deviation, largest absolute value, number of elements.

Parameters are written with the fewest digits that identify a float32 (apply Math.fround),
results with 15 digits. Tensors are flattened in row-major order.
"""

import math

import torch
from torch import nn

from make_golden import digits, numbers, shortest32, write

torch.set_default_dtype(torch.float64)
EXACT = digits(15)


def flat(tensors, rounding):
    return {k: numbers(v.flatten(), rounding) for k, v in tensors.items()}


# ---------------------------------------------------------------- parameters

def random_params(o):
    """Random parameters, none of them where a missing term would not show."""
    d, h, f = o["dModel"], o["heads"], o["dMlp"]
    shapes = {"W_E": [o["vocabulary"], d]}
    if o["positions"] == "learned":
        shapes["W_pos"] = [o["length"], d]
    for i in range(o["layers"]):
        b = f"blocks.{i}"
        ln = {} if o["norm"] == "none" else {"w": [d], "b": [d]}
        shapes |= {f"{b}.ln1.{k}": v for k, v in ln.items()}
        shapes |= {f"{b}.attn.W_{k}": [h, d, d // h] for k in "QKV"}
        shapes |= {f"{b}.attn.W_O": [h, d // h, d]}
        if o["attentionBiases"]:
            shapes |= {f"{b}.attn.b_{k}": [h, d // h] for k in "QKV"}
            shapes |= {f"{b}.attn.b_O": [d]}
        if o.get("qkNorm"):
            shapes |= {f"{b}.attn.{k}_norm.{n}": [d // h] for k in "qk" for n in "wb"}
        shapes |= {f"{b}.ln2.{k}": v for k, v in ln.items()}
        shapes |= {f"{b}.mlp.W_in": [d, f], f"{b}.mlp.b_in": [f],
                   f"{b}.mlp.W_out": [f, d], f"{b}.mlp.b_out": [d]}
    if o["finalNorm"]:
        shapes |= {"ln_final.w": [d], "ln_final.b": [d]}
    shapes["W_U"] = [d, o["classes"]]
    if o["unembeddingBias"]:
        shapes["b_U"] = [o["classes"]]
    params = {}
    for name, shape in shapes.items():
        x = torch.randn(shape) * (1 if name.startswith("W_") else 0.6)
        if name.endswith(".w"):
            x = 1 + 0.3 * x
        params[name] = x.float().double().requires_grad_()
    return params


# ---------------------------------------------------------------- forward passes

def layer_norm(x, params, path):
    return nn.functional.layer_norm(x, x.shape[-1:], params[f"{path}.w"], params[f"{path}.b"])


def stable_s(x):
    return torch.where(x >= 0, x + 1, 1 / (1 - x.clamp(max=0)))


def attention(params, path, x, o):
    q, k, v = (
        torch.einsum("bpm,hmd->bhpd", x, params[f"{path}.W_{n}"])
        + (params[f"{path}.b_{n}"][:, None] if o["attentionBiases"] else 0)
        for n in "QKV"
    )
    if o.get("qkNorm"):
        q, k = layer_norm(q, params, f"{path}.q_norm"), layer_norm(k, params, f"{path}.k_norm")
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    length = x.shape[1]
    future = torch.ones(length, length, dtype=torch.bool).triu(1) & o["causal"]
    if o["attention"] == "softmax":
        weights = scores.masked_fill(future, -math.inf).softmax(-1)
    else:
        s = stable_s(scores).masked_fill(future, 0)
        weights = s / s.sum(-1, keepdim=True)
    out = torch.einsum("bhpd,hdm->bpm", weights @ v, params[f"{path}.W_O"])
    return out + params[f"{path}.b_O"] if o["attentionBiases"] else out


def written_out(params, tokens, o):
    x = params["W_E"][tokens]
    if o["positions"] == "learned":
        x = x + params["W_pos"]
    for i in range(o["layers"]):
        b = f"blocks.{i}"
        ln = [lambda x, n=n: layer_norm(x, params, f"{b}.{n}") for n in ("ln1", "ln2")]
        mlp = lambda x: (
            torch.relu(x @ params[f"{b}.mlp.W_in"] + params[f"{b}.mlp.b_in"])
            @ params[f"{b}.mlp.W_out"] + params[f"{b}.mlp.b_out"]
        )
        attn = lambda x: attention(params, f"{b}.attn", x, o)
        if o["norm"] == "pre":
            x = x + attn(ln[0](x))
            x = x + mlp(ln[1](x))
        elif o["norm"] == "post":
            x = ln[0](x + attn(x))
            x = ln[1](x + mlp(x))
        else:
            x = x + attn(x)
            x = x + mlp(x)
    if o["finalNorm"]:
        x = layer_norm(x, params, "ln_final")
    logits = x @ params["W_U"]
    return (logits + params["b_U"] if o["unembeddingBias"] else logits)[:, -1]


def by_modules(params, tokens, o, dropped=None):
    """The paper's code: nn.Embedding, nn.TransformerEncoder, nn.Linear.

    dropped: the place in a layer where dropout takes out everything, the others nothing.
    """
    d = o["dModel"]
    layer = nn.TransformerEncoderLayer(
        d, o["heads"], o["dMlp"], batch_first=True, norm_first=o["norm"] == "pre")
    encoder = nn.TransformerEncoder(layer, o["layers"], enable_nested_tensor=False).eval()

    if dropped is not None:
        encoder.train()
        for layer in encoder.layers:
            places = {"hook_attn_out": layer.dropout1, "mlp.hook_post": layer.dropout,
                      "hook_mlp_out": layer.dropout2}
            for module in places.values():
                module.p = 0.0
            layer.self_attn.dropout = 0.0
            if dropped == "attn.hook_pattern":
                layer.self_attn.dropout = 1.0
            else:
                places[dropped].p = 1.0

    def stacked(path, names):  # [head, d_model, d_head] → rows of nn.Linear's [out, in]
        parts = [params[f"{path}.{n}"] for n in names]
        if parts[0].dim() == 3:
            return torch.cat([p.permute(0, 2, 1).reshape(d, d) for p in parts])
        return torch.cat([p.reshape(d) for p in parts])

    weights = {}
    for i in range(o["layers"]):
        b, m = f"blocks.{i}", f"layers.{i}"
        weights |= {
            f"{m}.self_attn.in_proj_weight": stacked(f"{b}.attn", ["W_Q", "W_K", "W_V"]),
            f"{m}.self_attn.in_proj_bias": stacked(f"{b}.attn", ["b_Q", "b_K", "b_V"]),
            f"{m}.self_attn.out_proj.weight": params[f"{b}.attn.W_O"].reshape(d, d).T,
            f"{m}.self_attn.out_proj.bias": params[f"{b}.attn.b_O"],
            f"{m}.linear1.weight": params[f"{b}.mlp.W_in"].T,
            f"{m}.linear1.bias": params[f"{b}.mlp.b_in"],
            f"{m}.linear2.weight": params[f"{b}.mlp.W_out"].T,
            f"{m}.linear2.bias": params[f"{b}.mlp.b_out"],
        }
        for n in (1, 2):
            weights |= {f"{m}.norm{n}.weight": params[f"{b}.ln{n}.w"],
                        f"{m}.norm{n}.bias": params[f"{b}.ln{n}.b"]}
    assert set(weights) == set(dict(encoder.named_parameters()))
    x = nn.functional.embedding(tokens, params["W_E"])
    x = torch.func.functional_call(encoder, weights, (x,))
    return nn.functional.linear(x, params["W_U"].T, params["b_U"])[:, -1]


# ---------------------------------------------------------------- perceptrons

def mlp_params(o):
    inputs = o["length"] * (o["embedding"] or o["vocabulary"])
    params = {}
    if o["embedding"]:
        params["W_E"] = torch.randn(o["vocabulary"], o["embedding"])
    widths = [inputs, *o["hidden"], o["classes"]]
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        params[f"layers.{i}.W"] = 0.6 * torch.randn(a, b)
        if o["biases"]:
            params[f"layers.{i}.b"] = 0.6 * torch.randn(b)
    return {k: v.float().double().requires_grad_() for k, v in params.items()}


def mlp(params, tokens, o):
    if o["embedding"]:
        x = nn.functional.embedding(tokens, params["W_E"]).flatten(1)
    else:
        x = nn.functional.one_hot(tokens, o["vocabulary"]).flatten(1).double()
    for i in range(len(o["hidden"]) + 1):
        x = x @ params[f"layers.{i}.W"]
        if o["biases"]:
            x = x + params[f"layers.{i}.b"]
        if i < len(o["hidden"]):
            x = torch.relu(x)
    return x


# ---------------------------------------------------------------- cases

SIZES = {"vocabulary": 6, "length": 3, "classes": 5, "dModel": 6, "heads": 2, "dMlp": 7}
DECODER = {**SIZES, "layers": 1, "positions": "learned", "causal": True, "norm": "none",
           "attention": "softmax", "attentionBiases": False, "finalNorm": False,
           "unembeddingBias": False}
ENCODER = {**DECODER, "length": 2, "positions": "none", "causal": False, "norm": "post",
           "attentionBiases": True, "unembeddingBias": True}
MLP = {"vocabulary": 6, "length": 2, "classes": 5, "hidden": [9, 7], "biases": False,
       "embedding": None}

CASES = {
    "encoder": (ENCODER, by_modules),
    "encoder, pre-norm": ({**ENCODER, "norm": "pre"}, by_modules),
    "encoder, 2 layers": ({**ENCODER, "layers": 2, "length": 3}, by_modules),
    "encoder, pre-norm, 2 layers": ({**ENCODER, "layers": 2, "norm": "pre"}, by_modules),
    "encoder, StableMax": ({**ENCODER, "attention": "stablemax"}, written_out),
    "encoder, no norm, positions": (
        {**ENCODER, "norm": "none", "positions": "learned"}, written_out),
    "decoder, StableMax": ({**DECODER, "attention": "stablemax"}, written_out),
    "decoder, 3 layers": ({**DECODER, "layers": 3, "heads": 3}, written_out),
    "decoder, 2 layers, pre-norm": (
        {**DECODER, "layers": 2, "norm": "pre", "finalNorm": True}, written_out),
    "decoder, 2 layers, post-norm, StableMax, no positions": (
        {**DECODER, "layers": 2, "norm": "post", "attention": "stablemax",
         "positions": "none"}, written_out),
    "MLP, 3 hidden layers": ({**MLP, "hidden": [9, 7, 5], "biases": True}, mlp),
    "MLP, embedding": ({**MLP, "embedding": 4, "biases": True}, mlp),
    "MLP, embedding, 3 tokens": ({**MLP, "embedding": 3, "length": 3}, mlp),
    "linear model": ({**MLP, "hidden": []}, mlp),
    "linear model, embedding": ({**MLP, "hidden": [], "embedding": 4}, mlp),
    "decoder, norms of queries and keys": ({**DECODER, "qkNorm": True}, written_out),
    "decoder, 2 layers, pre-norm, norms of queries and keys": (
        {**DECODER, "layers": 2, "norm": "pre", "finalNorm": True, "heads": 3, "qkNorm": True},
        written_out),
    "encoder, norms of queries and keys": ({**ENCODER, "qkNorm": True}, written_out),
}


def make_cases():
    out = {}
    for seed, (name, (options, forward)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        params = mlp_params(options) if forward is mlp else random_params(options)
        rows = 8  # more vectors than pairs of token and position
        tokens = torch.randint(options["vocabulary"], (rows, options["length"]))
        labels = torch.randint(options["classes"], (rows,))
        logits = forward(params, tokens, options)
        if forward is by_modules:  # the two must say the same
            torch.testing.assert_close(
                logits, written_out(params, tokens, options), rtol=1e-12, atol=1e-12)
        loss = nn.functional.cross_entropy(logits, labels)
        gradients = torch.autograd.grad(loss, list(params.values()))
        out[name] = {
            "options": options,
            "shapes": {k: list(v.shape) for k, v in params.items()},
            "params": flat(params, shortest32),
            "tokens": tokens.tolist(),
            "labels": labels.tolist(),
            "logits": numbers(logits.flatten(), EXACT),
            "loss": EXACT(loss.item()),
            "gradients": flat(dict(zip(params, gradients)), EXACT),
        }
        if forward is by_modules:
            out[name]["dropped"] = {
                place: numbers(forward(params, tokens, options, place).flatten(), EXACT)
                for place in ("attn.hook_pattern", "hook_attn_out", "mlp.hook_post",
                              "hook_mlp_out")
            }
    return out


# ---------------------------------------------------------------- initialisations

def make_init():
    torch.manual_seed(0)

    def of(x):
        x = x.detach()
        return {"std": EXACT(x.pow(2).mean().sqrt().item()), "largest": EXACT(x.abs().max().item()),
                "count": x.numel()}

    d, f, v, c = 64, 256, 300, 220
    layer = nn.TransformerEncoderLayer(d, 4, f)
    linear, table = nn.Linear(d, c), nn.Embedding(v, d)
    out = {"sizes": {"dModel": d, "dMlp": f, "vocabulary": v, "classes": c}, "pytorch": {
        "W_E": of(table.weight),
        "attn.W_Q": of(layer.self_attn.in_proj_weight),
        "attn.b_Q": of(layer.self_attn.in_proj_bias),
        "attn.W_O": of(layer.self_attn.out_proj.weight),
        "attn.b_O": of(layer.self_attn.out_proj.bias),
        "mlp.W_in": of(layer.linear1.weight),
        "mlp.b_in": of(layer.linear1.bias),
        "mlp.W_out": of(layer.linear2.weight),
        "mlp.b_out": of(layer.linear2.bias),
        "ln1.w": of(layer.norm1.weight),
        "ln1.b": of(layer.norm1.bias),
        "W_U": of(linear.weight),
        "b_U": of(linear.bias),
    }}
    for name, init in {
        "xavier-uniform": nn.init.xavier_uniform_,
        "xavier-normal": nn.init.xavier_normal_,
        "he-uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
        "he-normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    }.items():
        out[name] = {
            "W_E": of(init(table.weight)),
            "attn.W_Q": of(init(torch.empty(d, d))),
            "attn.W_O": of(init(torch.empty(d, d))),
            "mlp.W_in": of(init(layer.linear1.weight)),
            "mlp.W_out": of(init(layer.linear2.weight)),
            "W_U": of(init(linear.weight)),
        }
    return out


if __name__ == "__main__":
    torch.set_num_threads(1)
    write("networks/models.json", {"cases": make_cases(), "init": make_init()})

"""Reference values for the tests, from plain PyTorch with autograd.

Nothing here shares code or closed forms with the TypeScript sources: losses are
written as the paper states them (arXiv 2501.04697) and every gradient is autograd's.

Run:  pip install torch==2.13.0 numpy; python tests/golden/make_golden.py

Writes beside this script:

losses.json        Softmax and StableMax cross-entropy of small logit matrices in several
                   precisions: per-row terms, mean loss, gradient with respect to the
                   float32 logits, fraction of zero terms, fraction of collapsed softmaxes.
perp_grad.json     The perpendicular gradient, per tensor and over all tensors together,
                   renormalised or not, in float64.
trajectories.json  Three small models: initial parameters and data, their logits and
                   gradients at initialisation, and full-batch training runs (the loss
                   before each step and a summary of the final parameters).

Numbers: float16 and float32 values are written with the fewest digits that identify
the float32, so parse them and apply Math.fround. In trajectories.json, runs of float32
models carry 9 significant digits; float64 values carry 15 (perp_grad.json: all). Tensors
are flattened in row-major order where a "shapes" entry goes with them, else nested.

A right answer with zero loss is -0.0, being the negative of log 1.

PyTorch's float16 on a CPU: log_softmax works in float32 but rounds the sum of exponentials
and then its logarithm to float16 before subtracting; mean and backward round only at the end.

Two runs on one machine give the same bytes. Another CPU may differ in the last digits.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
DTYPES = {"float16": torch.float16, "float32": torch.float32, "float64": torch.float64}
LOSSES = [
    ("softmax", "float16"),
    ("softmax", "float32"),
    ("softmax", "float64"),
    ("stablemax", "float32"),
    ("stablemax", "float64"),
]


# ---------------------------------------------------------------- writing

def shortest32(x):
    """The shortest decimal that reads back as this float32."""
    return float(str(np.float32(x)))


def digits(n):
    return lambda x: float(f"{x:.{n}g}")


ROUND = {"float16": shortest32, "float32": digits(9), "float64": digits(15)}


def numbers(tensor, rounding):
    """A tensor as (nested) lists of rounded numbers."""
    def walk(v):
        return [walk(u) for u in v] if isinstance(v, list) else rounding(v)
    return walk(tensor.detach().tolist())


def write(name, value):
    path = HERE / name
    with open(path, "w", newline="\n") as f:
        json.dump(value, f, separators=(",", ":"), allow_nan=False)
        f.write("\n")
    print(f"{name}: {path.stat().st_size} bytes")


# ---------------------------------------------------------------- losses

def loss_terms(kind, precision, logits, labels):
    """Per-row cross-entropy, computed in `precision`."""
    z = logits.to(DTYPES[precision])
    if kind == "softmax":
        logp = torch.log_softmax(z, -1)
    else:
        # The clamp keeps the unused branch finite at z = 1: where() would pass on a NaN gradient.
        s = torch.where(z >= 0, z + 1, 1 / (1 - z.clamp(max=0)))
        logp = torch.log(s / s.sum(-1, keepdim=True))
    return -logp.gather(-1, labels[:, None])[:, 0]


def softmax_collapse(precision, logits):
    """Fraction of rows whose softmax denominator is absorbed by its largest term."""
    z = logits.to(DTYPES[precision])
    sums = (z - z.max(-1, keepdim=True).values).exp().sum(-1)
    return (sums == 1).double().mean().item()


def loss_case(name, rows, labels):
    logits = torch.as_tensor(rows, dtype=torch.float32)
    labels = torch.as_tensor(labels)
    results = {}
    for kind, precision in LOSSES:
        leaf = logits.clone().requires_grad_()
        terms = loss_terms(kind, precision, leaf, labels)
        loss = terms.mean()
        loss.backward()
        rounding = digits(15) if precision == "float64" else shortest32
        results[f"{kind}/{precision}"] = {
            "terms": numbers(terms, rounding),
            "loss": rounding(loss.item()),
            "gradient": numbers(leaf.grad, shortest32),
            "zero_terms": (terms == 0).double().mean().item(),
        }
        if kind == "softmax":
            results[f"{kind}/{precision}"]["softmax_collapse"] = softmax_collapse(precision, logits)
    return {
        "name": name,
        "logits": numbers(logits, shortest32),
        "labels": labels.tolist(),
        "results": results,
    }


def make_losses():
    def row(first, rest, at=0):
        values = [float(rest)] * 10
        values[at] = float(first)
        return values

    # From barely confident to far past the point where each precision collapses.
    tops = [(4, 0), (8, 0), (12, 0), (16, 0), (20, 0), (40, 0), (100, -100), (-50, -60), (0, 0), (3, 3)]
    confident = [row(top, rest, at=i % 10) for i, (top, rest) in enumerate(tops)]
    right = list(range(len(tops)))
    wrong = [(i + 3) % 10 for i in right]

    boundary = [
        [0.0, -0.0, 1.0, -1.0, 0.5, -0.5],
        [-0.0, -0.0, -0.0, -0.0, -0.0, -0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [2.0**-24, -(2.0**-24), 2.0**-30, -(2.0**-30), 0.0, 1.0],
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0],  # the other branch of StableMax divides by zero at 1
        [1000.0, -1000.0, 0.0, -0.0, 1.0, -1.0],
    ]

    def random_case(name, n, classes, scale):
        return loss_case(name, torch.randn(n, classes) * scale, torch.randint(classes, (n,)))

    torch.manual_seed(1)
    write("losses.json", {"cases": [
        random_case("random_6x5", 6, 5, 2),
        random_case("random_4x7_wide", 4, 7, 15),
        loss_case("confident_right", confident, right),
        loss_case("confident_wrong", confident, wrong),
        loss_case("confident_mixed", confident, [r if r % 2 else w for r, w in zip(right, wrong)]),
        random_case("random_3x113", 3, 113, 5),
        loss_case("stablemax_boundary", boundary, [0, 1, 2, 3, 4, 5]),
        loss_case("stablemax_boundary_other_labels", boundary, [1, 0, 5, 1, 0, 1]),
    ]})


# ---------------------------------------------------------------- perpendicular gradient

def perpendicular(w, g, renormalise):
    """The part of g orthogonal to w (both flat), optionally scaled back to the length of g."""
    g1 = g - (w @ g) / (w @ w + 1e-30) * w
    return g1 * g.norm() / (g1.norm() + 1e-30) if renormalise else g1


def perp_grads(ws, gs, scope, renormalise):
    """Perpendicular gradients of a list of tensors, per tensor or as one long vector."""
    w = [t.flatten() for t in ws]
    g = [t.flatten() for t in gs]
    if scope == "tensor":
        new = [perpendicular(a, b, renormalise) for a, b in zip(w, g)]
    else:
        new = perpendicular(torch.cat(w), torch.cat(g), renormalise).split([t.numel() for t in g])
    return [n.view_as(t) for n, t in zip(new, gs)]


def make_perp_grad():
    def randn(*shape):
        return torch.randn(*shape, dtype=torch.float64)

    torch.manual_seed(2)
    # Small dyadic numbers have exact dot products, so a parallel gradient leaves exactly zero.
    # Otherwise renormalising would blow up rounding noise that no two programs share.
    dyadic = torch.tensor([[1.0, -2.0, 0.5], [0.25, 3.0, -1.5]], dtype=torch.float64)
    near = randn(4, 3)
    cases = {
        "random": ({"a": randn(3, 4), "b": randn(5), "c": randn(2, 3, 2)},
                   {"a": randn(3, 4), "b": randn(5), "c": randn(2, 3, 2)}),
        "unequal_scales": ({"a": randn(2, 5) * 100, "b": randn(3) * 1e-3},
                           {"a": randn(2, 5) * 1e-4, "b": randn(3) * 10}),
        "single": ({"a": randn(7)}, {"a": randn(7)}),
        "zero_weight": ({"a": torch.zeros(2, 3, dtype=torch.float64), "b": randn(4)},
                        {"a": randn(2, 3), "b": randn(4)}),
        "all_weights_zero": ({"a": torch.zeros(4, dtype=torch.float64)}, {"a": randn(4)}),
        "zero_gradient": ({"a": randn(3), "b": randn(2, 2)},
                          {"a": torch.zeros(3, dtype=torch.float64), "b": randn(2, 2)}),
        "parallel": ({"a": dyadic, "b": dyadic[0] * 2}, {"a": dyadic * 2, "b": dyadic[0] * 4}),
        "antiparallel": ({"a": dyadic}, {"a": dyadic * -0.5}),
        "one_parallel": ({"a": dyadic, "b": randn(4)}, {"a": dyadic * 2, "b": randn(4)}),
        "nearly_parallel": ({"a": near}, {"a": near * 3 + randn(4, 3) * 0.01}),
        "perpendicular": ({"a": torch.tensor([1.0, 2.0, 0.0], dtype=torch.float64)},
                          {"a": torch.tensor([-2.0, 1.0, 5.0], dtype=torch.float64)}),
    }
    out = []
    for name, (w, g) in cases.items():
        results = {}
        for scope in ("tensor", "global"):
            for label, renormalise in (("renormalised", True), ("plain", False)):
                new = perp_grads(list(w.values()), list(g.values()), scope, renormalise)
                results[f"{scope}/{label}"] = {k: t.flatten().tolist() for k, t in zip(w, new)}
        out.append({
            "name": name,
            "shapes": {k: list(t.shape) for k, t in w.items()},
            "w": {k: t.flatten().tolist() for k, t in w.items()},
            "g": {k: t.flatten().tolist() for k, t in g.items()},
            "results": results,
        })
    write("perp_grad.json", {"cases": out})


# ---------------------------------------------------------------- models

def mlp_forward(params, x):
    depth = len([k for k in params if k.endswith(".W")])
    for i in range(depth):
        x = x @ params[f"layers.{i}.W"]
        if f"layers.{i}.b" in params:
            x = x + params[f"layers.{i}.b"]
        if i < depth - 1:
            x = torch.relu(x)
    return x


def transformer_forward(params, tokens):
    """Nanda's one-layer transformer without layer norm: logits at the last position."""
    attn, mlp = "blocks.0.attn.", "blocks.0.mlp."
    length = tokens.shape[1]
    resid = params["W_E"][tokens] + params["W_pos"][:length]
    q, k, v = (torch.einsum("bpm,hmd->bhpd", resid, params[attn + n]) for n in ("W_Q", "W_K", "W_V"))
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    pattern = scores.masked_fill(future, -math.inf).softmax(-1)
    resid = resid + torch.einsum("bhpd,hdm->bpm", pattern @ v, params[attn + "W_O"])
    hidden = torch.relu(resid @ params[mlp + "W_in"] + params[mlp + "b_in"])
    resid = resid + hidden @ params[mlp + "W_out"] + params[mlp + "b_out"]
    return (resid @ params["W_U"])[:, -1]


def mlp_params(widths, biases):
    params = {}
    for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        bound = fan_in**-0.5
        params[f"layers.{i}.W"] = torch.empty(fan_in, fan_out).uniform_(-bound, bound)
        if biases:
            params[f"layers.{i}.b"] = torch.empty(fan_out).uniform_(-bound, bound)
    return params


def transformer_params(p, d_model, heads, d_head, d_mlp):
    shapes = {
        "W_E": [p + 1, d_model],
        "W_pos": [3, d_model],
        "blocks.0.attn.W_Q": [heads, d_model, d_head],
        "blocks.0.attn.W_K": [heads, d_model, d_head],
        "blocks.0.attn.W_V": [heads, d_model, d_head],
        "blocks.0.attn.W_O": [heads, d_head, d_model],
        "blocks.0.mlp.W_in": [d_model, d_mlp],
        "blocks.0.mlp.b_in": [d_mlp],
        "blocks.0.mlp.W_out": [d_mlp, d_model],
        "blocks.0.mlp.b_out": [d_model],
        "W_U": [d_model, p],
    }
    # Biases are not zero, so that a dropped bias shows. The 0.8 keeps the SGD runs from
    # diverging, where their values would say little about the code under test.
    return {k: torch.randn(s) * (0.1 if ".b_" in k else 0.8 * d_model**-0.5) for k, s in shapes.items()}


def training_pairs(p, n):
    order = torch.randperm(p * p)[:n]
    pairs = torch.stack([order // p, order % p], 1)
    return pairs, pairs.sum(1) % p


def make_models():
    """name -> kind, settings, initial parameters, stored inputs, encoding of inputs, labels."""
    models = {}

    torch.manual_seed(3)
    pairs, labels = training_pairs(7, 30)
    models["mlp"] = {
        "kind": "mlp", "settings": {"modulus": 7, "widths": [14, 8, 6, 7], "biases": False},
        "params": mlp_params([14, 8, 6, 7], False), "inputs": pairs, "labels": labels,
        "encode": lambda x, dtype: torch.nn.functional.one_hot(x, 7).flatten(1).to(dtype),
    }

    torch.manual_seed(4)
    codes = torch.randperm(512)[:40]
    bits = (codes[:, None] >> torch.arange(9)) & 1
    models["mlp_bias"] = {
        "kind": "mlp", "settings": {"parity_bits": 3, "widths": [9, 8, 6, 2], "biases": True},
        "params": mlp_params([9, 8, 6, 2], True), "inputs": bits, "labels": bits[:, :3].sum(1) % 2,
        "encode": lambda x, dtype: x.to(dtype),
    }

    # A seed whose runs neither diverge nor amplify rounding: with some, a nearly dead ReLU
    # turns a one-ulp change of the initial parameters into 1% of the final ones under Adam.
    torch.manual_seed(9)
    pairs, labels = training_pairs(5, 15)
    equals = torch.full((15, 1), 5)
    models["transformer"] = {
        "kind": "transformer",
        "settings": {"modulus": 5, "d_vocab": 6, "d_vocab_out": 5, "n_ctx": 3,
                     "d_model": 8, "n_heads": 2, "d_head": 4, "d_mlp": 16},
        "params": transformer_params(5, 8, 2, 4, 16),
        "inputs": torch.cat([pairs, equals], 1), "labels": labels,
        "encode": lambda x, dtype: x,
    }
    return models


def instantiate(model, dtype):
    """Fresh parameters and a function giving the logits on the training inputs."""
    params = {k: v.to(dtype).clone().requires_grad_() for k, v in model["params"].items()}
    x = model["encode"](model["inputs"], dtype)
    forward = mlp_forward if model["kind"] == "mlp" else transformer_forward
    return params, lambda: forward(params, x)


def describe(model):
    rounding = ROUND["float64"]
    gradients = {}
    for kind in ("softmax", "stablemax"):
        params, logits = instantiate(model, torch.float64)
        loss_terms(kind, "float64", logits(), model["labels"]).mean().backward()
        gradients[f"{kind}/float64"] = {k: numbers(v.grad.flatten(), rounding) for k, v in params.items()}
    return {
        "kind": model["kind"],
        "settings": model["settings"],
        "inputs": model["inputs"].tolist(),
        "labels": model["labels"].tolist(),
        "shapes": {k: list(v.shape) for k, v in model["params"].items()},
        "init": {k: numbers(v.flatten(), shortest32) for k, v in model["params"].items()},
        "logits_float64": numbers(logits(), rounding),
        "gradients_float64": gradients,
    }


# ---------------------------------------------------------------- training runs

OPTIMIZERS = {
    "sgd": {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0},
    "adam": {"kind": "adam", "lr": 0.01, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 1e-3},
    "adamw": {"kind": "adamw", "lr": 0.01, "betas": [0.9, 0.98], "eps": 1e-8, "weight_decay": 0.1},
    "adam_999": {"kind": "adam", "lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 1e-3},
}


def make_optimizer(name, params):
    settings = dict(OPTIMIZERS[name])
    cls = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.pop("kind")]
    # foreach=False is the plain one-tensor-at-a-time implementation.
    return cls(list(params.values()), foreach=False, **settings)


def train(model_name, model, loss, optimizer, perp, dtype,
          perp_scope="tensor", perp_renormalise=True, warmup=0):
    kind, precision = loss
    # Losses in float16 amplify rounding differences: of the 36 runs, 7 leave PyTorch's path
    # within 50 steps, 6 of them by a last place of float16, one for good.
    steps = 10 if precision == "float16" else 50
    params, logits = instantiate(model, DTYPES[dtype])
    tensors = list(params.values())
    opt = make_optimizer(optimizer, params)
    base_lr = OPTIMIZERS[optimizer]["lr"]
    losses = []
    for t in range(steps):
        opt.param_groups[0]["lr"] = base_lr * min(t / warmup, 1) if warmup else base_lr
        opt.zero_grad()
        value = loss_terms(kind, precision, logits(), model["labels"]).mean()
        value.backward()
        losses.append(value.item())
        if perp:
            with torch.no_grad():
                new = perp_grads(tensors, [p.grad for p in tensors], perp_scope, perp_renormalise)
            for p, g in zip(tensors, new):
                p.grad = g
        opt.step()

    rounding = ROUND[dtype]
    final = {}
    for name, p in params.items():
        flat = p.detach().double().flatten()  # sums of the final values, not of their rounding errors
        final[name] = {
            "sum": rounding(flat.sum().item()),
            "sum_squares": rounding((flat * flat).sum().item()),
            "first": numbers(flat[:3], rounding),
        }
    return {
        "model": model_name, "loss": kind, "loss_precision": precision, "optimizer": optimizer,
        "perp": perp, "perp_scope": perp_scope, "perp_renormalise": perp_renormalise,
        "warmup": warmup, "dtype": dtype, "steps": steps,
        "losses": [rounding(x) for x in losses],
        "final": final,
    }


def make_trajectories():
    models = make_models()
    runs = []
    for name, model in models.items():
        for loss in LOSSES:
            for optimizer in ("sgd", "adam", "adamw"):
                for perp in (False, True):
                    for dtype in ("float32", "float64"):
                        runs.append(train(name, model, loss, optimizer, perp, dtype))

    for name, model in models.items():
        runs.append(train(name, model, ("softmax", "float32"), "adamw", False, "float32", warmup=10))
        runs.append(train(name, model, ("softmax", "float64"), "adamw", False, "float64", warmup=10))
    mlp = models["mlp"]
    runs.append(train("mlp", mlp, ("softmax", "float64"), "adamw", True, "float64", warmup=10))
    for loss in (("softmax", "float64"), ("stablemax", "float64")):
        runs.append(train("mlp", mlp, loss, "adam_999", False, "float64"))
        for optimizer in ("sgd", "adam"):
            for scope, renormalise in (("tensor", False), ("global", True), ("global", False)):
                runs.append(train("mlp", mlp, loss, optimizer, True, "float64",
                                  perp_scope=scope, perp_renormalise=renormalise))
    write("trajectories.json", {
        "optimizers": OPTIMIZERS,
        "models": {k: describe(m) for k, m in models.items()},
        "runs": runs,
    })


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    make_losses()
    make_perp_grad()
    make_trajectories()

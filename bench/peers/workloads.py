"""The benchmarks' data and initial weights, the same for every peer.

Shapes and settings are those of groklab's presets; the numbers themselves do not
matter for time. Everything comes back as NumPy arrays in float64.
"""

import numpy as np

# name: (model, loss precision, model precision)
WORKLOADS = {
    "mlp": ("mlp", "float32", "float32"),
    "mlp-loss64": ("mlp", "float64", "float32"),
    "mlp-float64": ("mlp", "float64", "float64"),
    "transformer": ("transformer", "float32", "float32"),
    "parity": ("parity", "float32", "float32"),
}

LR, BETA1, BETA2, EPS = 0.01, 0.95, 0.999, 1e-8
P, D, HEADS, MLP = 113, 128, 4, 512


def uniform(rng, *shape):
    return rng.uniform(-1, 1, shape) / np.sqrt(shape[0])


def modular(rng, fraction):
    pairs = rng.permutation(P * P)[: int(fraction * P * P)]
    a, b = pairs // P, pairs % P
    return a, b, (a + b) % P


def load(name):
    """Returns inputs, labels and a dict of initial weights."""
    rng = np.random.default_rng(0)
    model = WORKLOADS[name][0]
    if model == "mlp":
        a, b, y = modular(rng, 0.4)
        x = np.concatenate([np.eye(P)[a], np.eye(P)[b]], 1)
        widths = [2 * P, 200, 200, P]
    elif model == "parity":
        x = rng.integers(0, 2, (1000, 43)).astype(float)
        y = x[:, :3].sum(1).astype(int) % 2
        widths = [43, 200, 200, 2]
    else:
        a, b, y = modular(rng, 0.3)
        x = np.stack([a, b, np.full_like(a, P)], 1)
        n = lambda *shape: rng.standard_normal(shape) / np.sqrt(D)
        head = D // HEADS
        return x, y, {
            "W_E": n(P + 1, D),
            "W_pos": n(3, D),
            "W_Q": n(HEADS, D, head),
            "W_K": n(HEADS, D, head),
            "W_V": n(HEADS, D, head),
            "W_O": n(HEADS, head, D),
            "W_in": n(D, MLP),
            "b_in": np.zeros(MLP),
            "W_out": n(MLP, D),
            "b_out": np.zeros(D),
            "W_U": n(D, P),
        }
    weights = {}
    for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        weights[f"W{i}"] = uniform(rng, fan_in, fan_out)
        if model == "parity":
            weights[f"b{i}"] = uniform(rng, fan_in, fan_out)[0]
    return x, y, weights


def mlp(params, x, relu):
    """The perceptron's logits, in any framework whose arrays have `@` and `+`."""
    last = sum(name.startswith("W") for name in params) - 1
    for i in range(last + 1):
        x = x @ params[f"W{i}"]
        if f"b{i}" in params:
            x = x + params[f"b{i}"]
        if i < last:
            x = relu(x)
    return x

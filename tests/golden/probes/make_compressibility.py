"""Reference values of the `compressibility` probe, from plain NumPy in float64.

Class separation is summed over pairs of rows, as its source defines it; neurons are deleted by
leaving them out of the product, and ranks are lowered by NumPy's singular value decomposition.

Run:  pip install numpy; python tests/golden/probes/make_compressibility.py

Writes compressibility.json:

separation  features [n, width] with labels, and R² (Kornblith et al., arXiv 2010.16402, Equation
            11) of the rows that have a feature other than 0;
perceptron  weights of a perceptron without biases that reads two numbers below p one-hot side by
            side, and for each share that is taken out the class that it predicts for every pair:
            without the neurons of the least |w_in|·|w_out| in each hidden layer, and with every
            weight of lower rank; the share of hidden activations that are 0.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
rng = np.random.default_rng(11)
P, WIDTHS = 5, [12, 9]


def listed(x):
    return json.loads(json.dumps(np.asarray(x).tolist()), parse_float=lambda t: float(f"{float(t):.15g}"))


def distance(x, y):
    return 1 - x @ y / (np.linalg.norm(x) * np.linalg.norm(y))


def separation(h, y):
    kept = [i for i in range(len(h)) if np.any(h[i] != 0)]
    groups = {c: [h[i] for i in kept if y[i] == c] for c in sorted({int(y[i]) for i in kept})}
    K = len(groups)
    mean = lambda A, B: sum(distance(a, b) for a in A for b in B) / (len(A) * len(B))
    within = sum(mean(A, A) for A in groups.values()) / K
    total = sum(mean(A, B) for A in groups.values() for B in groups.values()) / K ** 2
    return 1 - within / total


def separation_case(name, n, width, classes, spread, shift):
    y = rng.integers(0, classes, n)
    centres = rng.normal(size=(classes, width))
    h = np.maximum(centres[y] + spread * rng.normal(size=(n, width)) + shift, 0)
    return {"name": name, "features": listed(h), "labels": y.tolist(), "r2": separation(h, y),
            "zero_rows": int((~h.any(1)).sum())}


def forward(weights, x, keep=None):
    hidden = []
    for i, W in enumerate(weights):
        if i > 0 and keep is not None:
            x, W = x[:, keep[i - 1]], W[keep[i - 1]]
        x = x @ W
        if i < len(weights) - 1:
            x = np.maximum(x, 0)
            hidden.append(x)
    return x, hidden


def low_rank(W, taken):
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    s[len(s) - taken:] = 0
    return U @ np.diag(s) @ Vt


def perceptron():
    sizes = [2 * P, *WIDTHS, P]
    weights = [rng.normal(size=shape) * rng.uniform(0.3, 2, size=(1, shape[1]))
               for shape in zip(sizes, sizes[1:])]
    eye = np.eye(P)
    x = np.array([np.concatenate([eye[a], eye[b]]) for a in range(P) for b in range(P)])
    pruned, lowered = [], []
    for percent in range(0, 100, 5):
        keep = []
        for i, width in enumerate(WIDTHS):
            norms = [np.linalg.norm(weights[i][:, j]) * np.linalg.norm(weights[i + 1][j]) for j in range(width)]
            least = np.argsort(norms, kind="stable")[:percent * width // 100]
            keep.append([j for j in range(width) if j not in least])
        pruned.append(forward(weights, x, keep)[0].argmax(1).tolist())
        less = [low_rank(W, percent * min(W.shape) // 100) for W in weights]
        lowered.append(forward(less, x)[0].argmax(1).tolist())
    hidden = np.concatenate([h.ravel() for h in forward(weights, x)[1]])
    return {"modulus": P, "hidden": WIDTHS, "weights": [listed(W) for W in weights],
            "pruned": pruned, "lowered": lowered, "sparsity": float((hidden == 0).mean())}


def main():
    value = {
        "separation": [
            separation_case("spread", 30, 5, 3, 1.0, 0.0),
            separation_case("nearly one direction a class", 40, 8, 4, 0.05, 0.3),
            separation_case("rows without a feature", 40, 3, 2, 1.0, -0.8),
        ],
        "perceptron": perceptron(),
    }
    path = HERE / "compressibility.json"
    with open(path, "w", newline="\n") as f:
        json.dump(value, f, separators=(",", ":"), allow_nan=False)
        f.write("\n")
    print(f"compressibility.json: {path.stat().st_size} bytes; zero rows "
          f"{[case['zero_rows'] for case in value['separation']]}")


main()

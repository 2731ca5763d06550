"""Reference values of Fourier and progress measures, from NumPy.

Nothing here shares code with the TypeScript sources: projections are least squares on
functions written out over all pairs, spectra are np.fft's, losses are logsumexp. Each
network is a table: hidden activations of every pair, random around a few waves, and
random output weights around the same waves.

Run:  pip install numpy; python tests/golden/probes/make_progress.py

Writes progress.json beside this script. Definitions: Nanda et al. (arXiv 2301.05217);
Hurley & Rickard (arXiv 0811.4706) for Gini.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def group(task, p):
    """Elements in the order of their indices."""
    if task in ("add", "subtract"):
        return list(range(p))
    for g in range(2, p):
        powers = [pow(g, i, p) for i in range(p - 1)]
        if len(set(powers)) == p - 1:
            return powers


def answer(task, a, b, p):
    if task == "add":
        return (a + b) % p
    if task == "subtract":
        return (a - b) % p
    if task == "product":
        return a * b % p
    return a * pow(b, -1, p) % p


def gini(c):
    """Mean absolute difference over twice the mean."""
    c = np.asarray(c)
    return float(np.abs(c[:, None] - c[None, :]).sum() / (2 * len(c) ** 2 * c.mean()))


def cross_entropy(z, y):
    top = z.max(axis=1, keepdims=True)
    lse = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]
    return float((lse - z[np.arange(len(y)), y]).mean())


def fit(columns, z):
    """The least-squares projection of each column of z on the span."""
    c, *_ = np.linalg.lstsq(columns, z, rcond=None)
    return columns @ c


def component_norms(matrix):
    """Norms of the cosine and sine components of a matrix over its first axis."""
    n = len(matrix)
    f = np.fft.fft(matrix, axis=0)
    cos, sin = [], []
    for k in range(1, n // 2 + 1):
        scale = np.sqrt(1 / n) if 2 * k == n else np.sqrt(2 / n)
        cos.append(float(np.linalg.norm(scale * f[k].real)))
        sin.append(0.0 if 2 * k == n else float(np.linalg.norm(scale * f[k].imag)))
    return cos, sin


def case(task, p, keys, seed):
    rng = np.random.default_rng(seed)
    elements = group(task, p)
    n = len(elements)
    index = {x: i for i, x in enumerate(elements)}
    pairs = [(a, b) for a in range(p) for b in range(1 if task == "divide" else 0, p)]
    y = np.array([answer(task, a, b, p) for a, b in pairs])
    inside = np.array([a in index and b in index for a, b in pairs])
    s = np.array([index.get(c, 0) for c in y])

    neurons = 9
    phase = rng.uniform(0, 2 * np.pi, neurons)
    own = [keys[j % len(keys)] for j in range(neurons)]
    waves = np.stack(
        [np.cos(2 * np.pi * k * s / n + f) for k, f in zip(own, phase)], axis=1
    )
    hidden = np.maximum(waves + 0.5 * rng.normal(size=waves.shape) + 0.3, 0)
    c = np.array([index.get(x, 0) for x in range(p)])
    out = np.stack([np.cos(2 * np.pi * k * c / n + f) for k, f in zip(own, phase)])
    out = 2 * out + 0.3 * rng.normal(size=out.shape)
    embedding = rng.normal(size=(p, 5))
    # A table of p² rows, whatever pairs the task leaves out.
    rows = [a * p + b for a, b in pairs]
    table = np.zeros((p * p, neurons))
    table[rows] = hidden
    logits = hidden @ out

    train = np.sort(rng.permutation(len(pairs))[: len(pairs) // 2])
    t = train[inside[train]]
    z, zs, ys = logits[inside], s[inside], y[inside]

    def columns(k, at):
        return np.stack(
            [np.cos(2 * np.pi * k * at / n)]
            + ([] if 2 * k == n else [np.sin(2 * np.pi * k * at / n)]),
            axis=1,
        )

    def kept(ks, at):
        """The projections on the keys' waves, as functions of the answer at `at`."""
        X = np.hstack([columns(k, zs) for k in ks])
        coefficients, *_ = np.linalg.lstsq(X, z, rcond=None)
        return np.hstack([columns(k, at) for k in ks]) @ coefficients

    def restricted(ks):
        return cross_entropy(kept(ks, zs) + z.mean(axis=0), ys)

    def excluded(ks):
        return cross_entropy(logits[t] - kept(ks, s[t]), y[t])

    # Logits of the group's classes over answers and classes, rows centred.
    grid = z[:, elements] - z[:, elements].mean(axis=1, keepdims=True)
    trig = [
        np.cos(2 * np.pi * k * (zs[:, None] - np.arange(n)[None, :]) / n) for k in keys
    ]
    alphas = [float((grid * w).sum() / (w * w).sum()) for w in trig]
    explained = [
        float(a * a * (w * w).sum() / (grid**2).sum()) for a, w in zip(alphas, trig)
    ]

    # The neuron-logit map along the group's classes: [n, neurons].
    W_L = out[:, elements].T
    low = fit(np.hstack([columns(k, np.arange(n)) for k in keys]), W_L)
    on_waves = []
    for k in keys:
        shares = []
        for column in columns(k, np.arange(n)).T:
            u = column @ W_L
            x = hidden[inside] @ u
            x = x - x.mean()
            w = column[zs]
            shares.append(float((x @ w) ** 2 / ((x @ x) * (w @ w))))
        on_waves.append(shares + [None] * (2 - len(shares)))

    # Variance of each neuron in the block of each frequency, by np.fft.
    ordered = np.zeros((n, n, neurons))
    for row, (a, b) in enumerate(pairs):
        if inside[row]:
            ordered[index[a], index[b]] = hidden[row]
    power = np.abs(np.fft.fft2(ordered, axes=(0, 1))) ** 2
    total = power.sum(axis=(0, 1)) - power[0, 0]
    blocks = []
    for k in range(1, n // 2 + 1):
        at = sorted({0, k, n - k})
        block = power[np.ix_(at, at)].sum(axis=(0, 1)) - power[0, 0]
        blocks.append(block / total)
    blocks = np.array(blocks)

    cos, sin = component_norms(W_L)
    E_cos, E_sin = component_norms(embedding[elements])
    components = lambda c, s: c + [x for i, x in enumerate(s) if 2 * (i + 1) != n]
    return {
        "task": task,
        "modulus": p,
        "keys": keys,
        "hidden": table.tolist(),
        "out": out.tolist(),
        "embedding": embedding.tolist(),
        "train": train.tolist(),
        "expected": {
            "full": cross_entropy(z, ys),
            "train": cross_entropy(logits[t], y[t]),
            "restricted": restricted(keys),
            "excluded": excluded(keys),
            "restricted_by_frequency": [restricted([k]) for k in keys],
            "excluded_by_frequency": [excluded([k]) for k in keys],
            "amplitudes": alphas,
            "explained": explained,
            "trig_identity": sum(explained),
            "residual": float(np.linalg.norm(W_L - low) / np.linalg.norm(W_L)),
            "neurons_on_waves": on_waves,
            "map_cos": cos,
            "map_sin": sin,
            "map_gini": gini(components(cos, sin)),
            "embedding_cos": E_cos,
            "embedding_sin": E_sin,
            "embedding_gini": gini(components(E_cos, E_sin)),
            "neuron_frequencies": (blocks.argmax(axis=0) + 1).tolist(),
            "neuron_shares": blocks.max(axis=0).tolist(),
            "squared_weights": float((out**2).sum()),
        },
    }


if __name__ == "__main__":
    cases = [
        case("add", 7, [1, 3], 0),
        case("subtract", 7, [2], 1),
        case("product", 7, [1, 3], 2),  # n = 6: the last wave has no sine
        case("divide", 7, [2], 3),
    ]
    (HERE / "progress.json").write_text(json.dumps(cases) + "\n")

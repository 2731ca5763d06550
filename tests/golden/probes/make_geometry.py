"""Reference values of the geometry of representations, from plain NumPy in float64.

Each quantity is written as its source defines it, sample by sample where the definition is: no
closed form is shared with the TypeScript sources.

Run:  pip install numpy; python tests/golden/probes/make_geometry.py

Writes geometry.json:

neural_collapse  features [n, width], labels, classifier [width, classes] and predictions, with
                 NC1 to NC4 (Papyan, Han & Donoho, arXiv 2008.08186) of the classes that have rows;
cka              pairs of representations with their linear CKA (Kornblith et al., arXiv
                 1905.00414), computed from centred Gram matrices of the rows;
singular         matrices with their singular values, spectral and Frobenius norms and effective
                 rank (Roy & Vetterli 2007);
plane            points with their coordinates on the first two principal components, the shares
                 of the variance, and a direction's coordinates.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
rng = np.random.default_rng(5)


def rounded(x):
    return [rounded(v) for v in x] if isinstance(x, list) else float(f"{x:.15g}")


def listed(x):
    return rounded(np.asarray(x, dtype=float).tolist())


def simplex(vectors):
    lengths = [np.linalg.norm(v) for v in vectors]
    cosines = [vectors[i] @ vectors[j] / lengths[i] / lengths[j]
               for i in range(len(vectors)) for j in range(len(vectors)) if i != j]
    widest = -1 / (len(vectors) - 1)
    return {"equinorm": np.std(lengths) / np.mean(lengths), "equiangular": np.std(cosines),
            "maximal_angle": np.mean([abs(c - widest) for c in cosines])}


def neural_collapse(h, y, W, predicted):
    classes = sorted(set(y.tolist()))
    C, width = len(classes), h.shape[1]
    mu_G = h.mean(0)
    mu = {c: h[y == c].mean(0) for c in classes}
    Sigma_W = np.zeros((width, width))
    for hi, c in zip(h, y.tolist()):
        Sigma_W += np.outer(hi - mu[c], hi - mu[c]) / len(h)
    Sigma_B = np.zeros((width, width))
    for c in classes:
        Sigma_B += np.outer(mu[c] - mu_G, mu[c] - mu_G) / C
    M = np.stack([mu[c] - mu_G for c in classes], 1)
    Wc = W[:, classes]
    nearest = [min(classes, key=lambda c: np.linalg.norm(hi - mu[c])) for hi in h]
    return {
        "nc1": np.trace(Sigma_W @ np.linalg.pinv(Sigma_B, rcond=1e-12)) / C,
        "nc2_means": simplex(list(M.T)),
        "nc2_classifier": simplex(list(Wc.T)),
        "nc3": np.linalg.norm(Wc / np.linalg.norm(Wc) - M / np.linalg.norm(M)) ** 2,
        "nc4": np.mean([a != b for a, b in zip(nearest, predicted.tolist())]),
    }


def clean(value):
    return {k: clean(v) for k, v in value.items()} if isinstance(value, dict) else rounded(float(value))


def collapse_case(name, n, width, classes, spread, missing=()):
    y = rng.choice([c for c in range(classes) if c not in missing], n)
    centres = rng.normal(size=(classes, width))
    h = np.maximum(centres[y] + spread * rng.normal(size=(n, width)), 0)
    W = centres.T + 0.5 * rng.normal(size=(width, classes))
    predicted = (h @ W).argmax(1)
    return {"name": name, "features": listed(h), "labels": y.tolist(), "classifier": listed(W),
            "predictions": predicted.tolist(), "expected": clean(neural_collapse(h, y, W, predicted))}


def cka(x, y):
    n = len(x)
    H = np.eye(n) - 1 / n
    hsic = lambda K, L: np.trace(K @ H @ L @ H)
    K, L = x @ x.T, y @ y.T
    return hsic(K, L) / np.sqrt(hsic(K, K) * hsic(L, L))


def cka_case(name, x, y):
    return {"name": name, "x": listed(x), "y": listed(y), "expected": rounded(cka(x, y))}


def singular_case(name, a):
    s = np.linalg.svd(a, compute_uv=False)
    p = s / s.sum()
    p = p[p > 0]
    return {"name": name, "matrix": listed(a), "singular_values": listed(s),
            "spectral_norm": rounded(float(np.linalg.norm(a, 2))), "norm": rounded(float(np.linalg.norm(a))),
            "effective_rank": rounded(float(np.exp(-(p * np.log(p)).sum())))}


def plane():
    steps = rng.normal(size=(9, 30)) * np.linspace(1, 3, 30)
    points = steps.cumsum(0) + 5
    x = points - points.mean(0)
    values, vectors = np.linalg.eigh(x.T @ x)
    axes = vectors[:, ::-1][:, :2]
    axes = axes * np.where(x[-1] @ axes < 0, -1, 1)
    direction = rng.normal(size=30)
    direction /= np.linalg.norm(direction)
    return {"points": listed(points), "coordinates": listed(x @ axes),
            "explained": listed(values[::-1][:2] / values.sum()),
            "direction": listed(direction), "projected": listed(direction @ axes)}


def main():
    x = rng.normal(size=(20, 6))
    y = x @ rng.normal(size=(6, 4)) + 0.7 * rng.normal(size=(20, 4)) + 3
    value = {
        "neural_collapse": [
            collapse_case("spread", 40, 7, 4, 1.0),
            collapse_case("nearly collapsed", 60, 9, 5, 0.05),
            collapse_case("a class without rows", 30, 6, 5, 0.5, missing=(2,)),
            collapse_case("more classes than dimensions", 50, 3, 6, 0.4),
        ],
        "cka": [cka_case("related", x, y), cka_case("unrelated", x, rng.normal(size=(20, 5))),
                cka_case("itself, shifted and scaled", x, 3 * x + 10)],
        "singular": [singular_case("tall", rng.normal(size=(9, 4))), singular_case("wide", rng.normal(size=(3, 8))),
                     singular_case("rank 2", rng.normal(size=(6, 2)) @ rng.normal(size=(2, 5)))],
        "plane": plane(),
    }
    path = HERE / "geometry.json"
    with open(path, "w", newline="\n") as f:
        json.dump(value, f, separators=(",", ":"), allow_nan=False)
        f.write("\n")
    print(f"geometry.json: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

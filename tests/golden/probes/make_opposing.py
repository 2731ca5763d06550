"""Two-layer linear networks trained by gradient descent on two groups of opposing outliers.

Run:  pip install numpy; python tests/golden/probes/make_opposing.py

Rosenfeld & Risteski's setting (arXiv 2311.04163), small: y = 2 b.x_s + |x_o|, loss
1/(2n) sum (f - y)^2, f = x W v, full batch, by the gradient written out, in float64. Writes
opposing.json: rows and targets as float32 has them, the first weights, and of each rate the loss
of every row before each update and after the last, the groups of the largest and least change at
the first update, and opposition, flips and leverage of their mean losses.
"""

import json
from pathlib import Path

import numpy as np

N, D, HIDDEN, K, STEPS = 120, 4, 3, 4, 30

rng = np.random.default_rng(7)
signal = rng.normal(size=(N, D))
outlier = np.zeros(N)
outlier[:5], outlier[5:10] = 10, -10
x = np.c_[signal, outlier].astype(np.float32).astype(np.float64)
y = (2 * x[:, :D].sum(1) / np.sqrt(D) + abs(x[:, D])).astype(np.float32).astype(np.float64)
first = (rng.normal(size=(D + 1, HIDDEN)) * 0.3, rng.normal(size=HIDDEN) * 0.3)


def trained(rate):
    w, v = first
    losses = []
    for _ in range(STEPS + 1):
        hidden = x @ w
        error = hidden @ v - y
        losses.append(error**2 / 2)
        grad_v, grad_w = hidden.T @ error / N, np.outer(x.T @ error / N, v)
        w, v = w - rate * grad_w, v - rate * grad_v
    return np.array(losses)


def moves(a, b, total):
    da, db, dt = np.diff(a), np.diff(b), np.diff(total)
    flips = [np.mean(np.sign(d[1:]) != np.sign(d[:-1])) for d in (da, db)]
    change = np.mean(np.abs(np.concatenate([da, db])))
    return {
        "opposition": float(np.mean(da * db < 0)), "flips": float(np.mean(flips)),
        "group_change": float(change), "leverage": float(change / np.mean(np.abs(dt)))}


runs = []
for rate in (0.01, 0.1, 0.15):
    losses = trained(rate)
    order = np.argsort(-(losses[1] - losses[0]), kind="stable")
    rising, falling = order[:K], order[::-1][:K]
    runs.append({
        "rate": rate, "losses": losses.tolist(), "rising": rising.tolist(),
        "falling": falling.tolist(),
        "moves": moves(losses[:, rising].mean(1), losses[:, falling].mean(1), losses.mean(1))})
    print(rate, losses[-1].mean(), runs[-1]["moves"])

Path(__file__).with_name("opposing.json").write_text(json.dumps({
    "inputs": x.tolist(), "targets": y[:, None].tolist(), "W": first[0].tolist(),
    "v": first[1].tolist(), "k": K, "runs": runs}) + "\n")

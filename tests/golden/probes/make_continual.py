"""Reference values of the measures of continual learning, from plain NumPy in float64.

Each is written as De Lange et al. (arXiv 2205.13452), Section 3, defines it: windows are cut out
of the curve one by one, and every pair in them is looked at. Nothing is shared with the
TypeScript sources.

Run:  pip install numpy; python tests/golden/probes/make_continual.py

Writes continual.json: cases of random curves of two and three tasks with where each begins and
ends, the windows, and acc, forg, min_acc, wc_acc, wf and wp.
"""

import json
from itertools import combinations
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
rng = np.random.default_rng(22)


def windows_of(curve, size):
    return [curve[max(t - size + 1, 0): t + 1] for t in range(len(curve))]


def largest(curve, size, sign):
    steps = [
        sign * (later - earlier)
        for window in windows_of(curve, size)
        for earlier, later in combinations(window, 2)
    ]
    return max([0.0, *steps])


def case(tasks, length, begins, sizes):
    curves = np.round(rng.random((tasks, length)), 3)
    ends = begins[1:]
    final = curves[:, -1]
    lows = [curves[i, end + 1:].min() for i, end in enumerate(ends)]
    seen = [list(curves[i, begin:]) for i, begin in enumerate(begins)]
    min_acc = float(np.mean(lows))
    return {
        "accuracies": curves.tolist(),
        "begins": begins,
        "ends": ends,
        "windows": sizes,
        "acc": float(np.mean(final)),
        "forg": float(np.mean([curves[i, end] - final[i] for i, end in enumerate(ends)])),
        "min_acc": min_acc,
        "wc_acc": float(final[-1] / tasks + (1 - 1 / tasks) * min_acc),
        "wf": {str(s): float(np.mean([largest(c, s, -1) for c in seen])) for s in sizes},
        "wp": {str(s): float(np.mean([largest(c, s, 1) for c in seen])) for s in sizes},
    }


cases = [
    case(2, 30, [0, 12], [2, 5, 10]),
    case(2, 12, [0, 10], [10, 100]),
    case(3, 40, [0, 15, 28], [3, 10]),
]
(HERE / "continual.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")

"""Writes intervals.json: Wilson's intervals of statsmodels, and the bootstrap's
percentile intervals of medians of SciPy, 1,000,000 resamples each.

    python make_intervals.py   # scipy 1.17.1, statsmodels 0.15.0
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap
from statsmodels.stats.proportion import proportion_confint

shares = [(0, 3), (1, 3), (2, 3), (3, 3), (2, 5), (5, 5), (7, 10), (10, 10), (61, 64)]
wilson = [
    {"k": k, "n": n, "interval": proportion_confint(k, n, method="wilson")}
    for k, n in shares
]

samples = [
    [60500, 83500, 51000],
    [120, 100, 125, 105, 85],
    [525, 300, 1000, 675, 410, 890, 350, 720, 610, 480],
    [int(x) for x in np.random.default_rng(0).integers(100, 10_000, 64)],
]
medians = []
for sample in samples:
    interval = bootstrap(
        (np.array(sample),),
        np.median,
        n_resamples=1_000_000,
        batch=100_000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    medians.append({"sample": sample, "interval": [interval.low, interval.high]})

text = json.dumps({"wilson": wilson, "medians": medians}, indent=1)
Path(__file__).with_name("intervals.json").write_text(text + "\n")

"""⊥Grad of gradients of every size that float32 has, from the paper's formula in float64.

The projection and its length are proportional to the gradient, so the reference is that of the
gradient brought to size 1 by a power of two (which rounds nothing) and its result brought back:
where float64 itself would be wide enough the two are the same numbers.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/optim/make_perp_sizes.py

Writes perp_sizes.json: weights and, by size, a gradient (both float32, shortest decimals), the
perpendicular gradient with its length kept and without, 15 digits.
"""

import math

import numpy as np
import torch

from make_golden import digits, numbers, perpendicular, shortest32, write

SIZES = [1e-44, 1e-40, 1e-37, 1e-30, 1e-25, 1e-19, 1e-15, 1e-8, 1.0, 1e8, 1e15, 1e20, 1e30, 1e37]
EXACT = digits(15)

if __name__ == "__main__":
    rng = np.random.default_rng(3)
    w = torch.tensor(rng.standard_normal(12).astype(np.float32))
    cases = []
    for size in SIZES:
        g = torch.tensor((rng.standard_normal(12) * size).astype(np.float32))
        scale = 2.0 ** -round(math.log2(size))
        wide = g.double() * scale
        cases.append({
            "size": size,
            "g": numbers(g, shortest32),
            "renormalised": numbers(perpendicular(w.double(), wide, True) / scale, EXACT),
            "plain": numbers(perpendicular(w.double(), wide, False) / scale, EXACT),
        })
    write("optim/perp_sizes.json", {"w": numbers(w, shortest32), "cases": cases})

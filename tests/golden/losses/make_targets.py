"""Reference values of the losses of a regression: terms, their mean and its gradient, by PyTorch.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/losses/make_targets.py

Writes targets.json: outputs and targets, [n, K] in float32, and of each loss the terms in float64,
their mean and the mean's gradient with respect to the outputs.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

LOSSES = {
    "mse": (lambda z, y: F.mse_loss(z, y, reduction="none").mean(1), F.mse_loss),
    "l1": (lambda z, y: F.l1_loss(z, y, reduction="none").mean(1), F.l1_loss),
    "squared-error": (
        lambda z, y: (z - y).square().sum(1) / 2,
        lambda z, y: F.mse_loss(z, y, reduction="sum") / (2 * len(z))),
}

torch.manual_seed(0)
cases = []
for n, k in [(1, 1), (5, 1), (4, 3)]:
    outputs, targets = torch.randn(n, k) * 3, torch.randn(n, k)
    results = []
    for name, (terms, mean) in LOSSES.items():
        z = outputs.double().requires_grad_()
        value = mean(z, targets.double())
        value.backward()
        results.append({
            "loss": name, "terms": terms(z, targets.double()).tolist(), "mean": value.item(),
            "gradient": z.grad.flatten().tolist()})
    cases.append({
        "shape": [n, k], "outputs": outputs.flatten().tolist(),
        "targets": targets.flatten().tolist(), "results": results})
Path(__file__).with_name("targets.json").write_text(json.dumps({"cases": cases}) + "\n")

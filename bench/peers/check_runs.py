"""Checks torch_runs.py's StableMax, perp-grad and steps against tests/golden.

Usage: check_runs.py (anywhere); exits with 1 where they differ.
"""

import json
from pathlib import Path

import torch

from torch_runs import Alone, Perceptron, Stacked, perp, stablemax_terms

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"

count = 0
for case in json.loads((GOLDEN / "losses.json").read_text())["cases"]:
    logits, labels = torch.tensor(case["logits"]), torch.tensor(case["labels"])
    for dtype in (torch.float32, torch.float64):
        wanted = case["results"][f"stablemax/{str(dtype)[6:]}"]
        z = logits.clone().requires_grad_()
        terms = stablemax_terms(z.to(dtype), labels)
        terms.mean().backward()
        close = {"rtol": 3e-6, "atol": 3e-7}
        torch.testing.assert_close(terms, torch.tensor(wanted["terms"], dtype=dtype), **close)
        torch.testing.assert_close(z.grad, torch.tensor(wanted["gradient"]), **close)
        count += 1
for case in json.loads((GOLDEN / "perp_grad.json").read_text())["cases"]:
    for name, wanted in case["results"]["tensor/renormalised"].items():
        w, g, wanted = (
            torch.tensor(v, dtype=torch.float64) for v in (case["w"][name], case["g"][name], wanted)
        )
        torch.testing.assert_close(perp(w, g), wanted, rtol=1e-12, atol=1e-14)
        count += 1

golden = json.loads((GOLDEN / "trajectories.json").read_text())
held, how = golden["models"]["mlp"], golden["optimizers"]["adamw"]
config = {
    "lr": how["lr"],
    "beta1": how["betas"][0],
    "beta2": how["betas"][1],
    "eps": how["eps"],
    "weightDecay": how["weight_decay"],
}
wanted = next(
    run["losses"]
    for run in golden["runs"]
    if (run["model"], run["loss"], run["loss_precision"], run["optimizer"], run["perp"])
    == ("mlp", "stablemax", "float32", "adamw", True)
    and run["dtype"] == "float32"
)
one_hot = torch.nn.functional.one_hot
inputs = one_hot(torch.tensor(held["inputs"]), held["settings"]["modulus"])
rows = inputs.flatten(1).float(), torch.tensor(held["labels"])
tensors = [torch.tensor(held["init"][name]).view(held["shapes"][name]) for name in held["init"]]
for way, number in ((Alone, 1), (Stacked, 3)):
    models = [Perceptron([len(t) for t in tensors] + [tensors[-1].shape[1]]) for _ in range(number)]
    with torch.no_grad():
        for model in models:
            for layer, tensor in zip(model.layers, tensors):
                layer.weight.copy_(tensor.T)
    runs = way(config, models, [(rows, rows)] * number)
    for loss in wanted:
        found = runs.train_figures(runs.forward())[0]
        torch.testing.assert_close(found, [loss] * number, rtol=2e-5, atol=2e-6)
        runs.update()
        count += 1
print(f"{count} golden values agree")

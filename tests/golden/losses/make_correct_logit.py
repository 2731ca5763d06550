"""Reference values of losses that see the correct class's logit multiplied.

python make_correct_logit.py writes correct_logit.json beside this file: for each
factor, loss and precision the terms and the gradient of their mean, by PyTorch's
own automatic differentiation.
"""

import json
from pathlib import Path

import torch

LOGITS = [
    [0.3, -1.2, 2.5, -0.1],
    [-3.0, 0.7, 0.2, 1.1],
    [40.0, 1.25, -2.0, 0.5],  # collapsed in float32
    [0.0, 0.0, 0.0, 0.0],
]
LABELS = [2, 0, 0, 3]


def stablemax_terms(z, y):
    s = torch.where(z >= 0, z + 1, 1 / (1 - z))
    return -torch.log(s.gather(1, y[:, None])[:, 0] / s.sum(1))


def softmax_terms(z, y):
    return -torch.log_softmax(z, 1).gather(1, y[:, None])[:, 0]


LOSSES = {"softmax": softmax_terms, "stablemax": stablemax_terms}
TYPES = {"float32": torch.float32, "float64": torch.float64}


def case(factor, terms_of, dtype):
    z = torch.tensor(LOGITS, dtype=dtype, requires_grad=True)
    y = torch.tensor(LABELS)
    correct = torch.nn.functional.one_hot(y, z.shape[1]).to(dtype)
    seen = z * (1 - correct) + factor * z * correct
    terms = terms_of(seen, y)
    terms.mean().backward()
    return {
        "terms": terms.tolist(),
        "gradient": z.grad.tolist(),
    }


cases = [
    {"factor": factor, "loss": loss, "precision": precision,
     **case(factor, LOSSES[loss], TYPES[precision])}
    for factor in (0.0, 0.5, 2.0)
    for loss in LOSSES
    for precision in TYPES
]
path = Path(__file__).with_name("correct_logit.json")
path.write_text(json.dumps({
    "logits": LOGITS,
    "labels": LABELS,
    "cases": cases,
}, allow_nan=False) + "\n")

"""Reference values of the z-loss beside softmax cross-entropy.

Terms are F.cross_entropy(z/T) + w·logsumexp(z/T)², gradients autograd's.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/losses/make_z_loss.py

Writes z_loss.json: logits (float32), labels; per setting and precision the terms, their mean and
the mean's gradient with respect to the logits. float16 is computed here from the logits rounded to
float16, in float64.
"""

import torch
import torch.nn.functional as F

from make_golden import DTYPES, numbers, shortest32, write

SETTINGS = [
    {"zLoss": 1e-4},
    {"zLoss": 0.1},
    {"zLoss": 0.01, "temperature": 5.0},
    {"zLoss": 0.02, "temperature": 0.5, "labelSmoothing": 0.1, "logitPenalty": 0.001},
]


def terms_of(z, labels, zLoss, temperature=1.0, labelSmoothing=0.0, logitPenalty=0.0):
    entropy = F.cross_entropy(
        z / temperature, labels, label_smoothing=labelSmoothing, reduction="none")
    penalty = logitPenalty * z.square().sum(1)
    return entropy + penalty + zLoss * torch.logsumexp(z / temperature, 1).square()


def case(name, n, classes, scale, shift=0.0):
    logits = (torch.randn(n, classes) * scale + shift).float()
    labels = torch.randint(classes, (n,))
    results = []
    for settings in SETTINGS:
        for precision in ("float16", "float32", "float64"):
            leaf = logits.to(DTYPES[precision]).double().requires_grad_()
            terms = terms_of(leaf, labels, **settings)
            terms.mean().backward()
            results.append({
                "settings": settings, "precision": precision,
                "terms": numbers(terms, float), "mean": terms.mean().item(),
                "gradient": numbers(leaf.grad, float),
            })
    return {"name": name, "logits": numbers(logits, shortest32), "labels": labels.tolist(),
            "results": results}


def main():
    torch.manual_seed(23)
    write("losses/z_loss.json", {"cases": [
        case("random_6x5", 6, 5, 2),
        case("random_4x7_wide", 4, 7, 15),
        case("random_3x113_shifted", 3, 113, 3, 20),
    ]})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

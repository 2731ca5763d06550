"""Reference values of the losses that make_golden.py does not have, and of softmax's options.

Every gradient is autograd's, but for softmax-exact: no floating type of PyTorch can say what it
should be, so its values are softmax cross-entropy and its gradient computed with 400 digits.

Run:  pip install torch==2.13.0 numpy mpmath; \
      PYTHONPATH=tests/golden python tests/golden/losses/make_objectives.py

Writes objectives.json: cases of logits and labels; per loss, settings and precision the terms,
their mean and the mean's gradient with respect to the float32 logits (float64 ones where a case
says so). Numbers are written as in losses.json, but float64 with all their digits.
"""

import mpmath
import torch
import torch.nn.functional as F

from make_golden import DTYPES, numbers, shortest32, write

SOFTMAX = {
    "smoothing": {"labelSmoothing": 0.1},
    "temperature": {"temperature": 5.0},
    "hot": {"temperature": 1e5},
    "penalty": {"logitPenalty": 0.01},
    "all": {"labelSmoothing": 0.3, "temperature": 0.5, "logitPenalty": 0.001},
}


def softmax_terms(z, labels, labelSmoothing=0.0, temperature=1.0, logitPenalty=0.0):
    entropy = F.cross_entropy(
        z / temperature, labels, label_smoothing=labelSmoothing, reduction="none")
    return entropy + logitPenalty * z.square().sum(1)


def taylor_terms(z, labels, taylorOrder):
    power, polynomial = torch.ones_like(z), torch.ones_like(z)
    for i in range(1, taylorOrder + 1):
        power = power * z / i
        polynomial = polynomial + power
    p = polynomial / polynomial.sum(1, keepdim=True)
    return -p.log().gather(1, labels[:, None])[:, 0]


def one_hot(z, labels):
    return F.one_hot(labels, z.shape[1]).to(z.dtype)


# loss -> settings -> the terms' function; the mean of mse's and l1's is mse_loss's and l1_loss's own.
LOSSES = {
    "softmax": {name: (options, softmax_terms) for name, options in SOFTMAX.items()},
    "taylor": {
        str(order): ({"taylorOrder": order}, taylor_terms) for order in (2, 4, 10)
    },
    "mse": {"": ({}, lambda z, y: F.mse_loss(z, one_hot(z, y), reduction="none").mean(1))},
    "l1": {"": ({}, lambda z, y: F.l1_loss(z, one_hot(z, y), reduction="none").mean(1))},
    "squared-error": {
        "": ({}, lambda z, y: F.mse_loss(z, one_hot(z, y), reduction="none").sum(1) / 2)},
}


def results_of(logits, labels):
    results = []
    for loss, variants in LOSSES.items():
        for settings, terms_of in variants.values():
            for precision in ("float16", "float32", "float64"):
                if precision == "float16" and loss != "softmax":
                    continue
                leaf = logits.clone().requires_grad_()
                terms = terms_of(leaf.to(DTYPES[precision]), labels, **settings)
                terms.mean().backward()
                if loss in ("mse", "l1"):
                    whole = {"mse": F.mse_loss, "l1": F.l1_loss}[loss]
                    z = leaf.to(DTYPES[precision])
                    torch.testing.assert_close(terms.mean(), whole(z, one_hot(z, labels)))
                rounding = float if precision == "float64" else shortest32
                results.append({
                    "loss": loss, "settings": settings, "precision": precision,
                    "terms": numbers(terms, rounding),
                    "mean": rounding(terms.mean().item()),
                    "gradient": numbers(leaf.grad, shortest32),
                })
    return results


def exact_results(logits, labels, precision):
    """Softmax cross-entropy and its gradient, to 400 digits."""
    mpmath.mp.dps = 400
    terms, gradient = [], []
    for row, y in zip(logits.tolist(), labels.tolist()):
        e = [mpmath.exp(mpmath.mpf(x)) for x in row]
        total = mpmath.fsum(e)
        terms.append(mpmath.log(total / e[y]))
        gradient.append([(x / total - (k == y)) / len(labels) for k, x in enumerate(e)])
    return [{
        "loss": "softmax-exact", "settings": {}, "precision": precision,
        "terms": [float(t) for t in terms],
        "mean": float(mpmath.fsum(terms) / len(terms)),
        "gradient": [[float(x) for x in row] for row in gradient],
    }]


def case(name, logits, labels, dtype="float32", exact=("float32", "float64"), rest=True):
    labels = torch.as_tensor(labels)
    logits = torch.as_tensor(logits, dtype=DTYPES[dtype])
    return {
        "name": name, "dtype": dtype,
        "logits": numbers(logits, shortest32 if dtype == "float32" else float),
        "labels": labels.tolist(),
        "results": (results_of(logits, labels) if rest else []) +
                   [r for p in exact for r in exact_results(logits, labels, p)],
    }


def main():
    torch.manual_seed(11)

    def random(name, n, classes, scale):
        return case(name, torch.randn(n, classes) * scale, torch.randint(classes, (n,)))

    # The label ahead by these gaps, the least of which a float32 softmax still sees; and behind.
    gaps32 = [0, 1, 10, 16, 17, 30, 60, 85]
    gaps64 = [0, 36, 37, 100, 300, 700]

    def ahead(gaps, sign=1):
        return [[sign * g / 2, -sign * g / 2, -sign * g / 2 - 1] for g in gaps]

    write("losses/objectives.json", {"cases": [
        random("random_6x5", 6, 5, 2),
        random("random_4x7_wide", 4, 7, 15),
        random("random_3x113", 3, 113, 5),
        case("equal_logits", [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], [0, 2]),
        case("targets", [[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]], [0, 2]),
        case("ahead_float32", ahead(gaps32), [0] * len(gaps32), rest=False),
        case("behind_float32", ahead(gaps32, -1), [0] * len(gaps32), rest=False),
        case("ahead_float64", ahead(gaps64), [0] * len(gaps64), "float64", ("float64",), False),
        case("behind_float64", ahead(gaps64, -1), [0] * len(gaps64), "float64", ("float64",), False),
    ]})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

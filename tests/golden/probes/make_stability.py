"""Reference values of what SGD bears of the curvature, from dense Hessians in float64.

The models, rows and initial parameters are those of make_golden.py (trajectories.json holds
them). The Hessian of each row's loss is torch.func.hessian's, the Jacobian of the projected
gradient torch.func.jacrev's of that map itself, no formula for it; eigenvalues are
torch.linalg.eigvalsh's. Nothing is estimated, nothing is shared with the TypeScript sources.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/probes/make_stability.py

Writes stability.json: per model and loss the trace and Frobenius norm of H, the mean over the rows
of g'Hg/|g|^2 and of |H_i|_F^2 (batches of one row), the same over the batches {0,1,2}, {3,4,5}, ...
(what is left over in the end left out), how many of them have no gradient at all and no part in
the mean of the ratios, and the largest eigenvalue of P J P, J the Jacobian of the
gradient without its part along the weights (of each tensor, or of all as one vector) and P the
projection across the weights.
"""

import torch

from make_golden import digits, make_models, mlp_forward, transformer_forward, write
from make_hessian import terms_of


def stability(model, kind):
    forward = mlp_forward if model["kind"] == "mlp" else transformer_forward
    params = {k: v.double() for k, v in model["params"].items()}
    x, y = model["encode"](model["inputs"], torch.float64), model["labels"]
    sizes = [v.numel() for v in params.values()]

    def terms(theta):
        parts = [t.view_as(v) for t, v in zip(theta.split(sizes), params.values())]
        return terms_of(kind, forward(dict(zip(params, parts)), x), y)

    theta = torch.cat([v.flatten() for v in params.values()])
    g = torch.func.jacrev(terms)(theta)
    h = torch.stack([torch.func.hessian(lambda t: terms(t)[i])(theta) for i in range(len(y))])
    whole = h.mean(0)

    def of_batches(b):
        rows = range(0, len(y) - b + 1, b)
        gs = [g[i : i + b].mean(0) for i in rows]
        hs = [h[i : i + b].mean(0) for i in rows]
        ratios = [(v @ m @ v / (v @ v)).item() for v, m in zip(gs, hs) if v.any()]
        squares = [(m**2).sum().item() for m in hs]
        return {
            "sharpness": rounding(sum(ratios) / len(ratios)),
            "silent": len(gs) - len(ratios),
            "squares": rounding(sum(squares) / len(squares)),
        }

    def behind(scope):
        widths = [len(theta)] if scope == "global" else sizes

        def projected(t):
            full = torch.func.grad(lambda t: terms(t).mean())(t)
            return torch.cat([
                a - (a @ w) / (w @ w) * w for a, w in zip(full.split(widths), t.split(widths))
            ])

        across = torch.block_diag(*[
            torch.eye(len(w), dtype=w.dtype) - torch.outer(w, w) / (w @ w)
            for w in theta.split(widths)
        ])
        inner = across @ torch.func.jacrev(projected)(theta) @ across
        return rounding(torch.linalg.eigvalsh((inner + inner.T) / 2)[-1].item())

    rounding = digits(15)
    return {
        "trace": rounding(whole.diagonal().sum().item()),
        "frobenius": rounding((whole**2).sum().sqrt().item()),
        "one": of_batches(1),
        "three": of_batches(3),
        "perp_tensor": behind("tensor"),
        "perp_global": behind("global"),
    }


def main():
    cases = []
    for name, model in make_models().items():
        for kind in ("softmax", "mse"):
            cases.append({"model": name, "loss": kind, **stability(model, kind)})
    write("probes/stability.json", {"cases": cases})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    main()

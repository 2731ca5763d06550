"""Reference values of the curvature, from dense Hessians in float64.

The models, rows and initial parameters are those of make_golden.py (trajectories.json holds
them). torch.func.hessian differentiates each loss twice with respect to all parameters as one
vector; eigenvalues are torch.linalg.eigvalsh's. Nothing is iterated, nothing is shared with the
TypeScript sources.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/probes/make_hessian.py

Writes hessian.json: per model and loss its value, the Hessian times v, the least and the largest
eigenvalue, the trace, and the largest eigenvalue of P^(-1/2) H P^(-1/2) with P = diag(p), where
v_i = sin(i + 1) and p_i = 0.1 + (i mod 7) / 7, i counting the parameters from 0 in the order of
the file, row-major.
"""

import torch

from make_golden import digits, loss_terms, make_models, mlp_forward, numbers, transformer_forward, write


def terms_of(kind, z, y):
    hot = torch.nn.functional.one_hot(y, z.shape[1]).to(z.dtype)
    if kind == "mse":
        return ((z - hot) ** 2).mean(-1)
    if kind == "taylor":
        t = 1 + z + z**2 / 2
        return -(t.gather(-1, y[:, None])[:, 0] / t.sum(-1)).log()
    return loss_terms(kind, "float64", z, y)


def curvature(model, kind):
    forward = mlp_forward if model["kind"] == "mlp" else transformer_forward
    params = {k: v.double() for k, v in model["params"].items()}
    x, y = model["encode"](model["inputs"], torch.float64), model["labels"]
    sizes = [v.numel() for v in params.values()]

    def loss(theta):
        parts = [t.view_as(v) for t, v in zip(theta.split(sizes), params.values())]
        return terms_of(kind, forward(dict(zip(params, parts)), x), y).mean()

    theta = torch.cat([v.flatten() for v in params.values()])
    h = torch.func.hessian(loss)(theta)
    i = torch.arange(len(theta), dtype=torch.float64)
    root = (0.1 + (i % 7) / 7) ** -0.5
    eigenvalues = torch.linalg.eigvalsh((h + h.T) / 2)
    scaled = torch.linalg.eigvalsh(root[:, None] * (h + h.T) / 2 * root)
    rounding = digits(15)
    return {
        "value": rounding(loss(theta).item()),
        "hessian_times": numbers(h @ torch.sin(i + 1), rounding),
        "least": rounding(eigenvalues[0].item()),
        "largest": rounding(eigenvalues[-1].item()),
        "trace": rounding(h.diagonal().sum().item()),
        "largest_preconditioned": rounding(scaled[-1].item()),
    }


def main():
    cases = []
    for name, model in make_models().items():
        for kind in ("softmax", "stablemax", "taylor", "mse"):
            cases.append({"model": name, "loss": kind, **curvature(model, kind)})
    write("probes/hessian.json", {"cases": cases})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    main()

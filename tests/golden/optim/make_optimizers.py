"""Reference values of optimizers and stages: fixed gradients in, parameters out, several steps.

Optimizers that PyTorch has are PyTorch's own (2.13). Its Muon computes Newton-Schulz in bfloat16;
here `Tensor.bfloat16` leaves the type alone while it runs, which is all that is changed of it. What
PyTorch has not (Lion, Grokfast, L1, the projection to a constant norm, a rate divided by the
gradient's norm) is NumPy, written from the papers' formulas.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/optim/make_optimizers.py

Writes optimizers.json: initial parameters and the gradient of every step, flat, row-major, as
float64 (float32 runs round them); per run its settings and the parameters after 1, 3 and all
steps. Matrices are [in, out] as in groklab; a PyTorch layer holds the transpose, and where that
matters (Muon) PyTorch is given it.
"""

import math

import numpy as np
import torch

from make_golden import write

SHAPES = {"a": [3, 5], "b.c": [4], "b.d": [6, 2], "e": [2, 3, 2]}
STEPS = 8
KEPT = (1, 3, STEPS)


def make_data():
    rng = np.random.default_rng(5)
    w = {k: rng.standard_normal(s) for k, s in SHAPES.items()}
    # Gradients of different sizes, one of them large, some elements zero.
    size = [1.0, 0.3, 10.0, 1e-2, 1.0, 1e-3, 0.5, 1.0]
    g = [{k: rng.standard_normal(s) * size[t] for k, s in SHAPES.items()} for t in range(STEPS)]
    for step in g:
        step["a"][0, 0] = 0.0
    return w, g


W, G = make_data()


# ---------------------------------------------------------------- PyTorch

def with_torch(make, dtype, clip=None, schedule=None):
    """Parameters after every step of a PyTorch optimizer."""
    kind = getattr(torch, dtype)
    params = {k: torch.tensor(w).to(kind).requires_grad_() for k, w in W.items()}
    optimizers = make(params)
    schedules = [schedule(o) for o in optimizers] if schedule else []
    after = []
    for gradients in G:
        for k, p in params.items():
            p.grad = torch.tensor(gradients[k]).to(kind)
        if clip:
            clip(params.values())
        for o in optimizers:
            o.step()
        for s in schedules:
            s.step()
        after.append({k: p.detach().double().numpy().copy() for k, p in params.items()})
    return after


def muon(lr, weight_decay, mu, beta2, eps, adjust):
    def make(params):
        matrices = {k: p for k, p in params.items() if p.ndim == 2}
        others = [p for p in params.values() if p.ndim != 2]
        return [
            Transposed(matrices, lr=lr, weight_decay=weight_decay, momentum=mu, eps=eps,
                       adjust_lr_fn=adjust),
            torch.optim.AdamW(others, lr=lr, weight_decay=weight_decay, betas=(mu, beta2), eps=eps),
        ]
    return make


class Transposed:
    """torch.optim.Muon on the transposes of matrices, in their own type."""

    def __init__(self, matrices, **options):
        self.matrices = list(matrices.values())
        self.own = [p.detach().T.clone().contiguous().requires_grad_() for p in self.matrices]
        self.muon = torch.optim.Muon(self.own, **options)

    def step(self):
        for p, q in zip(self.matrices, self.own):
            q.grad = p.grad.T.contiguous()
        bfloat16, torch.Tensor.bfloat16 = torch.Tensor.bfloat16, lambda self: self.clone()
        try:
            self.muon.step()
        finally:
            torch.Tensor.bfloat16 = bfloat16
        with torch.no_grad():
            for p, q in zip(self.matrices, self.own):
                p.copy_(q.T)


# ---------------------------------------------------------------- NumPy

def with_numpy(run, dtype):
    """Parameters after every step of a generator that takes and yields dicts of arrays."""
    kind = np.dtype(dtype).type
    w = {k: x.astype(kind) for k, x in W.items()}
    g = [{k: x.astype(kind) for k, x in step.items()} for step in G]
    return [{k: x.astype(np.float64) for k, x in step.items()} for step in run(w, g)]


def each(f, *trees):
    return {k: f(*(t[k] for t in trees)) for k in trees[0]}


def length(tree):
    return math.sqrt(sum((x.astype(np.float64) ** 2).sum() for x in tree.values()))


def lion(lr, weight_decay, beta1, beta2):
    def run(w, gradients):
        m = each(np.zeros_like, w)
        for g in gradients:
            u = each(lambda m, g: np.sign(beta1 * m + (1 - beta1) * g), m, g)
            m = each(lambda m, g: beta2 * m + (1 - beta2) * g, m, g)
            w = each(lambda w, u: w - lr * (u + weight_decay * w), w, u)
            yield w
    return run


def descend(lr, of):
    """Gradient descent along what a filter makes of the gradients; it may keep a state."""
    def run(w, gradients):
        state = {}
        for g in gradients:
            w = each(lambda w, u: w - lr * u, w, of(g, w, state))
            yield w
    return run


def ema(alpha, lam):
    def of(g, _w, state):
        h = state.get("h", g)  # The code of the paper starts with the first gradient.
        state["h"] = each(lambda h, g: alpha * h + (1 - alpha) * g, h, g)
        return each(lambda g, h: g + lam * h, g, state["h"])
    return of


def ma(window, lam):
    def of(g, _w, state):
        past = state.setdefault("past", [])
        past.append(g)
        del past[:-window]
        if len(past) < window:
            return g
        return {k: g[k] + lam * np.mean([p[k] for p in past], axis=0) for k in g}
    return of


def l1(lam):
    return lambda g, w, _state: each(lambda g, w: g + lam * np.sign(w), g, w)


def unit(g, _w, _state):
    n = length(g)
    return each(lambda x: (x / x.dtype.type(n)), g)


def growth(g, _w, state):
    n = length(g)
    first = state.setdefault("first", n)
    return each(lambda x: (x / x.dtype.type(n)) * x.dtype.type(first), g)


def constant_norm(lr):
    def run(w, gradients):
        first = length(w)
        for g in gradients:
            w = each(lambda w, g: w - lr * g, w, g)
            n = length(w)
            w = each(lambda x: x * x.dtype.type(first / n), w)
            yield w
    return run


# ---------------------------------------------------------------- runs

def torch_runs():
    """name -> groklab's settings, PyTorch's optimizers, clipping, schedule."""
    o, clip = torch.optim, torch.nn.utils
    lrs = torch.optim.lr_scheduler
    sgd = {"optimizer": "sgd", "lr": 0.1}
    plain = lambda p: [o.SGD(p.values(), lr=0.1)]
    adam = {"beta1": 0.9, "beta2": 0.98, "eps": 1e-8}
    return {
        "adagrad": ({"optimizer": "adagrad", "lr": 0.1, "eps": 1e-10},
                    lambda p: [o.Adagrad(p.values(), lr=0.1, eps=1e-10)]),
        "adagrad with decay": ({"optimizer": "adagrad", "lr": 0.1, "eps": 1e-6, "weightDecay": 0.1},
                               lambda p: [o.Adagrad(p.values(), lr=0.1, eps=1e-6, weight_decay=0.1)]),
        "rmsprop": ({"optimizer": "rmsprop", "lr": 0.01, "beta2": 0.9, "eps": 1e-8},
                    lambda p: [o.RMSprop(p.values(), lr=0.01, alpha=0.9)]),
        "rmsprop with momentum and decay": (
            {"optimizer": "rmsprop", "lr": 0.01, "beta2": 0.99, "eps": 1e-6, "momentum": 0.8,
             "weightDecay": 0.2},
            lambda p: [o.RMSprop(p.values(), lr=0.01, alpha=0.99, eps=1e-6, momentum=0.8,
                                 weight_decay=0.2)]),
        "muon": ({"optimizer": "muon", "lr": 0.05, "beta1": 0.9, "beta2": 0.98, "eps": 1e-7},
                 muon(0.05, 0.0, 0.9, 0.98, 1e-7, None)),
        "muon with decay, scaled as AdamW": (
            {"optimizer": "muon", "lr": 0.05, "weightDecay": 0.3, "beta1": 0.95, "beta2": 0.999,
             "eps": 1e-7, "muonScale": "match_rms_adamw"},
            muon(0.05, 0.3, 0.95, 0.999, 1e-7, "match_rms_adamw")),
        "adamw with L2": ({"optimizer": "adamw", "lr": 0.05, "weightDecay": 0.3,
                           "weightDecayKind": "l2", **adam},
                          lambda p: [o.Adam(p.values(), lr=0.05, betas=(0.9, 0.98), weight_decay=0.3)]),
        "adam with decoupled decay": ({"optimizer": "adam", "lr": 0.05, "weightDecay": 0.3,
                                       "weightDecayKind": "decoupled", **adam},
                                      lambda p: [o.AdamW(p.values(), lr=0.05, betas=(0.9, 0.98),
                                                         weight_decay=0.3)]),
        # What PyTorch multiplies by the scheduled rate s·η is λ/η here: s·λ is left.
        "adamw with independent decay": (
            {"optimizer": "adamw", "lr": 0.05, "weightDecay": 0.02,
             "weightDecayKind": "independent", **adam},
            lambda p: [o.AdamW(p.values(), lr=0.05, betas=(0.9, 0.98), weight_decay=0.02 / 0.05)]),
        "sgd with independent decay, warm-up": (
            {**sgd, "weightDecay": 0.02, "weightDecayKind": "independent", "warmup": 4},
            lambda p: [o.SGD(p.values(), lr=0.1, weight_decay=0.02 / 0.1)], None,
            lambda o: lrs.LambdaLR(o, lambda t: min(t / 4, 1))),
        "clipped by norm": ({**sgd, "clipNorm": 2.0}, plain, lambda p: clip.clip_grad_norm_(p, 2.0)),
        "clipped by value": ({**sgd, "clipValue": 0.5}, plain,
                             lambda p: clip.clip_grad_value_(p, 0.5)),
        "cosine": ({**sgd, "schedule": "cosine", "steps": STEPS, "lrFloor": 0.1}, plain, None,
                   lambda o: lrs.CosineAnnealingLR(o, STEPS, eta_min=0.01)),
        "steps down": ({**sgd, "schedule": "step", "lrStepEvery": 3, "lrStepFactor": 0.5}, plain, None,
                       lambda o: lrs.StepLR(o, 3, 0.5)),
        "warm-up, then cosine": (
            {**sgd, "schedule": "cosine", "steps": STEPS, "warmup": 3}, plain, None,
            lambda o: lrs.LambdaLR(o, lambda t: min(t / 3, 1) * (
                1 if t < 3 else (1 + math.cos(math.pi * (t - 3) / (STEPS - 3))) / 2))),
    }


def numpy_runs():
    sgd = {"optimizer": "sgd", "lr": 0.1}
    return {
        "lion": ({"optimizer": "lion", "lr": 0.01, "weightDecay": 0.5, "beta1": 0.9, "beta2": 0.99},
                 lion(0.01, 0.5, 0.9, 0.99)),
        "grokfast ema": ({**sgd, "grokfast": "ema"}, descend(0.1, ema(0.98, 2))),
        "grokfast ema 0.8, 5": ({**sgd, "grokfast": "ema", "grokfastAlpha": 0.8, "grokfastLambda": 5},
                                descend(0.1, ema(0.8, 5))),
        "grokfast ma of 3": ({**sgd, "grokfast": "ma", "grokfastWindow": 3}, descend(0.1, ma(3, 5))),
        "grokfast ma of 8, 2": ({**sgd, "grokfast": "ma", "grokfastWindow": 8, "grokfastLambda": 2},
                                descend(0.1, ma(8, 2))),
        "grokfast ma, not yet full": ({**sgd, "grokfast": "ma"}, descend(0.1, ma(100, 5))),
        "L1": ({**sgd, "l1": 0.3}, descend(0.1, l1(0.3))),
        "over the gradient's norm": ({**sgd, "lrOverGradientNorm": True}, descend(0.1, unit)),
        "over the growth of the gradient's norm": (
            {**sgd, "lrOverGradientNorm": True, "gradientNormUnit": "first"}, descend(0.1, growth)),
        "constant norm": ({**sgd, "constantNorm": True}, constant_norm(0.1)),
    }


def main():
    runs = []
    for dtype in ("float32", "float64"):
        for name, (settings, make, *rest) in torch_runs().items():
            runs.append((name, dtype, settings, with_torch(make, dtype, *rest)))
        for name, (settings, run) in numpy_runs().items():
            runs.append((name, dtype, settings, with_numpy(run, dtype)))

    def flat(tree):
        return {k: x.flatten().tolist() for k, x in tree.items()}

    write("optim/optimizers.json", {
        "shapes": SHAPES, "params": flat(W), "gradients": [flat(g) for g in G],
        "runs": [{
            "name": name, "dtype": dtype, "settings": {"perpGrad": False, **settings},
            "after": {str(t): flat(after[t - 1]) for t in KEPT},
        } for name, dtype, settings, after in runs],
    })


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

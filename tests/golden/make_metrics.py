"""Reference values of every metric, from plain PyTorch with autograd.

Each metric is written as docs/metrics.md defines it, by PyTorch's own means (autograd, svdvals,
cosine_similarity, sort): nothing is shared with the TypeScript sources. Models, data and initial
parameters are those of make_golden.py; their rows are divided into train, test and a further set.

Run:  pip install torch==2.13.0 numpy; python tests/golden/make_metrics.py

Writes metrics.json: per model, precision, factor on all parameters and learning rate of one step
of gradient descent on softmax cross-entropy, the metrics at the state before that step. The
factor makes logits large enough for collapse and underflow; the small rates make updates that
are partly absorbed. null is a number that is not defined.
"""

import math

import torch

from make_golden import DTYPES, ROUND, loss_terms, make_models, mlp_forward, transformer_forward, write

LIMITS = {t: torch.finfo(d) for t, d in DTYPES.items()}
# Of the scale of the weights' last places: some updates are absorbed, others are not.
RATES = {"float32": (0.5, 2e-6), "float64": (0.5, 2e-15)}
FACTORS = {"mlp": (1, 12), "mlp_bias": (1, 8), "transformer": (1, 3)}


def divided(model):
    """The rows in three parts: half, a quarter, a quarter."""
    n = len(model["labels"])
    ends = {"train": (0, n // 2), "test": (n // 2, 3 * n // 4), "ood": (3 * n // 4, n)}
    return {k: slice(*e) for k, e in ends.items()}


def hidden_activations(model, params, x):
    """ReLU outputs by the names of their hooks; of the transformer at the last position."""
    if model["kind"] == "mlp":
        found, depth = {}, len([k for k in params if k.endswith(".W")])
        for i in range(depth - 1):
            x = torch.relu(x @ params[f"layers.{i}.W"] + params.get(f"layers.{i}.b", 0))
            found[f"layers.{i}.hook_post"] = x
        return found
    # What stands before the last matrix is found by leaving the rest of the block out.
    silent = {**params, "blocks.0.mlp.W_out": torch.zeros_like(params["blocks.0.mlp.W_out"]),
              "blocks.0.mlp.b_out": torch.zeros_like(params["blocks.0.mlp.b_out"]),
              "W_U": torch.eye(params["W_E"].shape[1], dtype=params["W_E"].dtype)}
    mid = transformer_forward(silent, x)
    return {"blocks.0.mlp.hook_post": torch.relu(mid @ params["blocks.0.mlp.W_in"] + params["blocks.0.mlp.b_in"])}


def last_scores(params, tokens):
    """Attention scores of the last query, [batch, head, key]."""
    resid = params["W_E"][tokens] + params["W_pos"]
    q = torch.einsum("bm,hmd->bhd", resid[:, -1], params["blocks.0.attn.W_Q"])
    k = torch.einsum("bpm,hmd->bhpd", resid, params["blocks.0.attn.W_K"])
    return torch.einsum("bhd,bhpd->bhp", q, k) / math.sqrt(q.shape[-1])


def share(flags):
    return flags.double().mean().item()


def collapsed(z):
    return (z - z.max(-1, keepdim=True).values).exp().sum(-1) == 1


def effective_rank(x):
    s = torch.linalg.svdvals(x.double())
    p = s / s.sum()
    return torch.exp(-torch.special.xlogy(p, p).sum()).item()


def quantile(sorted_values, q):
    return sorted_values[int(math.floor(q * (len(sorted_values) - 1)))].item()


def metrics(name, model, dtype, factor, rate):
    forward = mlp_forward if model["kind"] == "mlp" else transformer_forward
    params = {k: (v.to(DTYPES[dtype]) * factor).requires_grad_() for k, v in model["params"].items()}
    x = model["encode"](model["inputs"], DTYPES[dtype])
    parts = divided(model)
    train_x, train_y = x[parts["train"]], model["labels"][parts["train"]]

    def train_loss(p):
        return loss_terms("softmax", dtype, forward(p, train_x), train_y).mean()

    train_loss(params).backward()
    with torch.no_grad():
        w = {k: v.detach() for k, v in params.items()}
        g = {k: v.grad for k, v in params.items()}
        u = {k: -rate * v for k, v in g.items()}
        after = {k: w[k] + u[k] for k in w}
        flat = lambda t: torch.cat([v.flatten() for v in t.values()]).double()
        norm = lambda v: torch.linalg.vector_norm(v.double()).item()
        cos = lambda a, b: torch.cosine_similarity(a.double().flatten(), b.double().flatten(), 0, 0).item()
        out = {}
        for part, rows in parts.items():
            z, y = forward(w, x[rows]), model["labels"][rows]
            out[f"{part}_loss"] = loss_terms("softmax", dtype, z, y).mean().item()
            out[f"{part}_accuracy"] = share(z.argmax(-1) == y)
        z = forward(w, train_x)
        e = (z - z.max(-1, keepdim=True).values).exp()
        for part, rows in parts.items():
            y = model["labels"][rows]
            out[f"{part}_cross_entropy"] = torch.nn.functional.cross_entropy(
                forward(w, x[rows]), y).item()
        out["log_partition"] = torch.logsumexp(z, 1).double().mean().item()
        out["softmax_collapse"] = share(collapsed(z))
        out["zero_terms"] = share(loss_terms("softmax", dtype, z, train_y) == 0)
        out["logit_scale"] = z.abs().max(-1).values.double().mean().item()
        out["zero_exponentials"] = share(e == 0)
        out["exponential_underflow"] = share(e < LIMITS[dtype].tiny)

        # Over all parameters, and tensor by tensor.
        everything = [("", flat(w), flat(g), flat(u), flat(after))]
        each = [(f".{k}", w[k], g[k], u[k], after[k]) for k in w]
        for suffix, a, b, c, d in everything + each:
            out[f"weight_norm{suffix}"] = norm(a)
            out[f"gradient_norm{suffix}"] = norm(b)
            out[f"cos_weight_neg_gradient{suffix}"] = cos(a, -b)
            out[f"update_norm{suffix}"] = norm(c)
            out[f"update_to_weight{suffix}"] = norm(c) / norm(a)
            out[f"absorbed_updates{suffix}"] = share(a == d)
            out[f"zero_gradients{suffix}"] = share(b == 0)

        top = z.topk(2).values.double()
        gap = (top[:, 0] - top[:, 1]).mean().item()
        out["max_logit"] = z.max().item()
        out["logit_gap"] = gap
        for t, limits in LIMITS.items():
            # Where (classes - 1) exp(-gap) is half of what 1 is raised by at least.
            threshold = -math.log(limits.eps / 2 / (z.shape[1] - 1))
            out[f"collapse_threshold.{t}"] = threshold
            out[f"gap_to_threshold.{t}"] = gap / threshold

        others = z.clone()
        others[torch.arange(len(train_y)), train_y] = -math.inf
        margins = z.gather(1, train_y[:, None])[:, 0] - others.max(1).values
        ordered = margins.double().sort().values
        found = {"min": ordered[0].item(), "p10": quantile(ordered, 0.1),
                 "median": quantile(ordered, 0.5), "mean": margins.double().mean().item()}
        for k, v in found.items():
            out[f"margin_{k}"] = v
            if name == "mlp":  # Three layers without biases are homogeneous of degree 3.
                out[f"normalised_margin_{k}"] = v / norm(flat(w)) ** 3

        longer = 1 + norm(flat(u)) / norm(flat(w))
        out["train_loss_after_update"] = train_loss(after).item()
        out["train_loss_after_nlm"] = train_loss({k: v * longer for k, v in w.items()}).item()

        if name == "transformer":
            scores = last_scores(w, train_x)
            lost = collapsed(scores)
            out["max_attention_logit"] = scores.max().item()
            out["max_attention_logit.blocks.0.attn"] = scores.max().item()
            out["attention_collapse"] = share(lost)
            for head in range(lost.shape[1]):
                out[f"attention_collapse.blocks.0.attn.{head}"] = share(lost[:, head])

        for k, v in {**w, **hidden_activations(model, w, train_x)}.items():
            if v.dim() == 2:
                out[f"effective_rank.{k}"] = effective_rank(v)
            for i in range(len(v) if v.dim() == 3 else 0):
                out[f"effective_rank.{k}.{i}"] = effective_rank(v[i])
    rounding = ROUND["float64"]
    return {k: rounding(v) if math.isfinite(v) else None for k, v in out.items()}


def main():
    models = make_models()
    cases = []
    for name, model in models.items():
        for dtype, rates in RATES.items():
            for factor in FACTORS[name]:
                for rate in rates:
                    cases.append({"model": name, "dtype": dtype, "factor": factor, "rate": rate,
                                  "metrics": metrics(name, model, dtype, factor, rate)})
    write("metrics.json", {"parts": {k: {p: [r.start, r.stop] for p, r in divided(m).items()}
                                     for k, m in models.items()}, "cases": cases})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    main()

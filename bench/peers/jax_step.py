"""JAX's milliseconds for a training step, jit over lax.scan: the same work.

Usage: jax_step.py WORKLOAD STEPS TIMINGS THREADS [DEVICE]; prints one JSON object
with the mean of each timing. (XLA's CPU runtime takes every core; THREADS is for
show.)
"""

import json
import sys
import time

import jax
import jax.numpy as jnp

from workloads import BETA1, BETA2, D, EPS, HEADS, LR, WORKLOADS, load, mlp

name, steps, timings = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
model, loss_precision, precision = WORKLOADS[name]
# Named, so that a card is not taken for the processor nor the other way round.
jax.config.update("jax_platforms", sys.argv[5] if len(sys.argv) > 5 else "cpu")
jax.config.update("jax_enable_x64", "float64" in (loss_precision, precision))

inputs, labels, weights = load(name)
x = jnp.asarray(inputs, "int32" if model == "transformer" else precision)
y = jnp.asarray(labels)
params = {k: jnp.asarray(v, precision) for k, v in weights.items()}
causal = jnp.triu(jnp.full((3, 3), -1e10, precision), 1)


def transformer(p):
    resid = p["W_E"][x] + p["W_pos"]
    q, k, v = (jnp.einsum("bpd,hde->bhpe", resid, p[w]) for w in ("W_Q", "W_K", "W_V"))
    scores = q @ k.swapaxes(-1, -2) / (D // HEADS) ** 0.5 + causal
    z = jax.nn.softmax(scores) @ v
    resid = resid[:, -1] + jnp.einsum("bhe,hed->bd", z[:, :, -1], p["W_O"])
    hidden = jax.nn.relu(resid @ p["W_in"] + p["b_in"])
    return (resid + hidden @ p["W_out"] + p["b_out"]) @ p["W_U"]


def loss_of(p):
    z = transformer(p) if model == "transformer" else mlp(p, x, jax.nn.relu)
    z = z.astype(loss_precision)
    s = jnp.where(z >= 0, z + 1, 1 / (1 - jnp.minimum(z, 0)))
    picked = jnp.take_along_axis(s, y[:, None], 1)[:, 0]
    return -jnp.mean(jnp.log(picked / s.sum(1)))


def perp(w, g):
    rest = g - jnp.vdot(w, g) / (jnp.vdot(w, w) + 1e-30) * w
    return rest * jnp.linalg.norm(g.ravel()) / (jnp.linalg.norm(rest.ravel()) + 1e-30)


def step(state, _):
    params, mu, nu, t = state
    loss, grads = jax.value_and_grad(loss_of)(params)
    t = t + 1
    grads = jax.tree.map(perp, params, grads)
    mu = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, mu, grads)
    nu = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, nu, grads)
    c1, c2 = (-jnp.expm1(t * jnp.log(b)) for b in (BETA1, BETA2))
    update = lambda w, m, v: (w - LR * (m / c1) / (jnp.sqrt(v / c2) + EPS)).astype(w.dtype)
    return (jax.tree.map(update, params, mu, nu), mu, nu, t), loss


run = jax.jit(lambda state: jax.lax.scan(step, state, None, length=steps))
zeros = jax.tree.map(jnp.zeros_like, params)
state, _ = jax.block_until_ready(run((params, zeros, zeros, jnp.asarray(0, precision))))
times = []
for _ in range(timings):
    start = time.perf_counter()
    state, losses = jax.block_until_ready(run(state))
    times.append((time.perf_counter() - start) / steps * 1e3)
print(json.dumps({"peer": f"JAX {jax.__version__} jit + scan", "ms": times}))

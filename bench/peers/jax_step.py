"""JAX's milliseconds for a training step, jit over lax.scan: the same work.

Usage: jax_step.py WORK STEPS TIMINGS THREADS [DEVICE [looked-up]]; WORK is the file
that workloads.py reads. Prints one JSON object with the mean of each timing and the
losses of the first steps. (Of threads XLA knows one and all.)
"""

import json
import os
import sys
import time

path, steps, timings, threads = sys.argv[1], *map(int, sys.argv[2:5])
if threads == 1:
    os.environ["NPROC"] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp

from workloads import mlp, one_hot, read, transformer

# Named, so that a card is not taken for the processor nor the other way round.
jax.config.update("jax_platforms", sys.argv[5] if len(sys.argv) > 5 else "cpu")
looked_up = "looked-up" in sys.argv[6:]
work = read(path)
BETA1, BETA2, LR, EPS = work.beta1, work.beta2, work.lr, work.eps
jax.config.update("jax_enable_x64", "float64" in (work.lossPrecision, work.precision))

if work.model == "transformer" or looked_up:
    x = jnp.asarray(work.inputs, "int32")
else:
    x = jnp.asarray(one_hot(work), work.precision)
y = jnp.asarray(work.labels)
params = {k: jnp.asarray(v, work.precision) for k, v in work.weights.items()}


def logits(p):
    if work.model == "transformer":
        return transformer(p, x, jax.nn.relu, jax.nn.softmax, jnp.einsum, looked_up)
    return mlp(p, x, jax.nn.relu, x if looked_up else None)


def loss_of(p):
    z = logits(p).astype(work.lossPrecision)
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
start = params, zeros, zeros, jnp.asarray(0, work.precision)
state, first = jax.block_until_ready(run(start))
times = []
for _ in range(timings):
    start = time.perf_counter()
    state, losses = jax.block_until_ready(run(state))
    times.append((time.perf_counter() - start) / steps * 1e3)
name = f"JAX {jax.__version__} jit + scan" + (", looked up" if looked_up else "")
print(json.dumps({"peer": name, "ms": times, "losses": first[:4].tolist()}))

"""JAX's time for the training step of groklab's default preset.

One-hot input, 5107 x MLP 226-200-200-113, StableMax cross-entropy, perp-grad per
tensor with renormalisation, AdamW; jit over lax.scan. Prints one JSON object.
Usage: jax_step.py [steps a timing] [timings] [float32|float64]
"""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 50
timings = int(sys.argv[2]) if len(sys.argv) > 2 else 3
dtype = sys.argv[3] if len(sys.argv) > 3 else "float32"
jax.config.update("jax_enable_x64", dtype == "float64")

p, n, widths = 113, 5107, [226, 200, 200, 113]
rng = np.random.default_rng(0)
pairs = rng.permutation(p * p)[:n]
a, b = pairs // p, pairs % p
x = jnp.asarray(np.concatenate([np.eye(p)[a], np.eye(p)[b]], 1), dtype)
y = jnp.asarray((a + b) % p)
params = [
    jnp.asarray(rng.uniform(-1, 1, (i, o)) / np.sqrt(i), dtype)
    for i, o in zip(widths, widths[1:])
]
lr, b1, b2, eps = 0.01, 0.95, 0.999, 1e-8


def loss_of(params):
    h = x
    for w in params[:-1]:
        h = jax.nn.relu(h @ w)
    z = h @ params[-1]
    s = jnp.where(z >= 0, z + 1, 1 / (1 - jnp.minimum(z, 0)))
    picked = jnp.take_along_axis(s, y[:, None], 1)[:, 0]
    return -jnp.mean(jnp.log(picked / s.sum(1)))


def perp(w, g):
    projected = g - jnp.vdot(w, g) / (jnp.vdot(w, w) + 1e-30) * w
    return projected * jnp.linalg.norm(g) / (jnp.linalg.norm(projected) + 1e-30)


def step(state, _):
    params, mu, nu, t = state
    loss, grads = jax.value_and_grad(loss_of)(params)
    t = t + 1
    new = []
    for w, g, m, v in zip(params, grads, mu, nu):
        g = perp(w, g)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        update = (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + eps)
        new.append((w - lr * update, m, v))
    params, mu, nu = (list(column) for column in zip(*new))
    return (params, mu, nu, t), loss


run = jax.jit(lambda state: jax.lax.scan(step, state, None, length=steps))
zeros = [jnp.zeros_like(w) for w in params]
state = (params, zeros, zeros, jnp.asarray(0, dtype))
state, _ = jax.block_until_ready(run(state))
times = []
for _ in range(timings):
    start = time.perf_counter()
    state, losses = jax.block_until_ready(run(state))
    times.append((time.perf_counter() - start) / steps * 1e3)
print(json.dumps({"peer": "jax", "version": jax.__version__, "ms": times, "loss": float(losses[-1])}))

#!/usr/bin/env bash
# Everything that wants a GPU, as one command of under eight minutes:
#
#     bench/gpu.sh [--python FILE] [FOLDER]   # results, by default gpu-results
#     bench/gpu.sh --dry-run [FOLDER]         # over stand-ins for CUDA's libraries
#
# It needs nothing from the network. Beside the checkout there must be
#   - Deno on the PATH (or DENO=/path/to/deno) and node_modules with its packages,
#   - the CUDA provider in them (deno task setup cuda --from-wheel FILE), and
#     CUDA's libraries where the loader or pip has them: doctor names what is
#     missing,
#   - for the peers a Python with torch and jax made for CUDA; what it lacks is
#     left out.
# bench/pack_gpu.sh packs the first two for a machine without a network.
#
# Parts, each with a limit of its own: doctor; the engine's agreement with the
# processor; the default until it groks; 64 replicas; steps beside PyTorch (eager,
# and as a CUDA graph) and JAX; a probe; WebGPU. A part that fails is said so, and
# the next one begins. At the end there is a table; it exits with 1 where a part
# failed or looked at nothing.
#
# A dry run needs the provider and a C compiler, and no card. It shows that every
# part starts, asks something of the card and gives output of the right form: its
# numbers mean nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
deno=${DENO:-deno}
needed=("$deno" timeout)
[[ " $* " == *" --dry-run "* ]] || needed+=(nvidia-smi)
for what in "${needed[@]}"; do
  if ! command -v "$what" >/dev/null; then
    echo "bench/gpu.sh: $what is missing; see the head of this file" >&2
    exit 1
  fi
done
if [ ! -d node_modules ]; then
  echo "bench/gpu.sh: node_modules is missing: deno install, where there is a network" >&2
  exit 1
fi
# Deno would ask for news of packages, and wait where no answer comes.
export NPM_CONFIG_REGISTRY=http://127.0.0.1:9
exec "$deno" run -A --no-check bench/gpu.ts "$@"

#!/usr/bin/env bash
# Everything that wants a GPU, as one command, for the day there is one:
#
#     bench/gpu.sh [FOLDER]        # results, default gpu-results
#
# It needs nothing from the network. Beside the checkout there must be
#   - Deno on the PATH (or DENO=/path/to/deno) and node_modules with its packages,
#   - the CUDA provider in them (deno task setup cuda --from-wheel FILE), and
#     CUDA's libraries on LD_LIBRARY_PATH: deno task doctor names what is missing,
#   - for the peers a Python (PYTHON=python3) with torch and jax made for CUDA;
#     what it lacks is left out.
# A part that fails is said so, and the next one begins. About 20 minutes.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:-gpu-results}
deno=${DENO:-deno}
python=${PYTHON:-python3}
mkdir -p "$out"
failed=0

for what in "$deno" nvidia-smi; do
  if ! command -v "$what" >/dev/null; then
    echo "bench/gpu.sh: $what is missing; see the head of this file" >&2
    exit 1
  fi
done
if [ ! -d node_modules ]; then
  echo "bench/gpu.sh: node_modules is missing: deno install, where there is a network" >&2
  exit 1
fi

# part NAME SECONDS COMMAND…: runs it, its output in FOLDER/NAME.txt
part() {
  local name=$1 limit=$2 began=$SECONDS
  shift 2
  if timeout "$limit" "$@" >"$out/$name.txt" 2>&1; then
    echo "$name: done in $((SECONDS - began)) s"
  else
    echo "$name: FAILED with $? after $((SECONDS - began)) s: $(tail -n 1 "$out/$name.txt")"
    failed=$((failed + 1))
  fi
}

train() { "$deno" task train --device "$device" --overwrite --run "$out/$1" --json "${@:2}"; }
bench() { "$deno" task bench --device "$device" --peers --python "$python" "$@"; }
# What timeout starts is a program, so that the functions are made programs.
export -f train bench
export deno python out

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv >"$out/card.txt"
cat "$out/card.txt"
part doctor 120 "$deno" task doctor
# Where the card is not usable these tests fail, instead of being left out.
part agreement 300 env GROKLAB_CARDS=cuda \
  "$deno" task test --filter "agrees with itself on cuda" tests/train/engines_test.ts
part agreement-webgpu 300 "$deno" task test \
  --filter "agrees with itself on webgpu" tests/train/engines_test.ts
for device in cuda webgpu; do
  export device
  part "$device-default" 120 bash -c 'train "$device-default"'
  part "$device-transformer" 240 bash -c \
    'train "$device-transformer" --model transformer --train-fraction 0.3 --lr 1e-3 --steps 1000'
  part "$device-replicas" 240 bash -c 'train "$device-replicas" --replicas 64'
done
export device=cuda
part cuda-float64 240 bash -c \
  'train cuda-float64 --precision float64 --loss-precision float64'
part cuda-bench 600 bash -c 'bench --rounds 3'
part cuda-bench-replicas 600 bash -c 'bench --replicas 1,8,64 --rounds 3'
echo "results in $out, $failed parts failed"
exit $((failed > 0))

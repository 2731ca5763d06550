#!/usr/bin/env bash
# Puts together, in a checkout on a machine without a network, what
# bench/pack_gpu.sh has packed:
#
#     bench/unpack_gpu.sh FOLDER       # the pieces and SHA256SUMS
#     DENO=$PWD/gpu-pack/deno bench/gpu.sh
#
# Deno goes into gpu-pack/ of the checkout, the packages into node_modules, which
# may not be there yet.
set -euo pipefail
pieces=$(cd "${1:?usage: bench/unpack_gpu.sh FOLDER}" && pwd)
cd "$(dirname "$0")/.."
if [ -e node_modules ]; then
  echo "bench/unpack_gpu.sh: there is a node_modules already: rm -r node_modules" >&2
  exit 1
fi
(cd "$pieces" && sha256sum --quiet --check SHA256SUMS) || {
  echo "bench/unpack_gpu.sh: pieces are missing or damaged in $pieces" >&2
  exit 1
}
# Whole or not at all.
stage=$(mktemp -d .unpack-XXXXXX)
trap 'rm -rf "$stage"' EXIT
cat "$pieces"/gpu-pack.* | tar -xz -C "$stage"
# Deno is the one file beside node_modules, whatever it is called where it was
# packed.
binary=$(find "$stage" -mindepth 1 -maxdepth 1 ! -name node_modules -type f)
if [ ! -x "$binary" ] || [ ! -d "$stage/node_modules" ]; then
  echo "bench/unpack_gpu.sh: wanted node_modules and one program in the pieces, got: $(ls -A "$stage" | tr '\n' ' ')" >&2
  exit 1
fi
mkdir -p gpu-pack
mv "$binary" gpu-pack/deno
mv "$stage/node_modules" node_modules
echo "$PWD/gpu-pack/deno"

#!/usr/bin/env bash
# Packs what bench/gpu.sh needs beside the checkout, for a machine without a
# network: Deno, node_modules without what a GPU run never reads, the CUDA provider.
#
#     bench/pack_gpu.sh [FOLDER]       # by default gpu-pack
#
# FOLDER then has pieces of at most 60 MiB (PIECE=45M makes smaller ones) and their
# sums. There, in the checkout: bench/unpack_gpu.sh FOLDER, with all the pieces in
# it, however they came.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-gpu-pack}
piece=${PIECE:-60M}
deno=$(command -v "${DENO:-deno}" || true)
runtime=bin/napi-v6/linux/x64
native=$(find -L node_modules/onnxruntime-node/$runtime -name libonnxruntime.so.1 2>/dev/null || true)
provider=node_modules/onnxruntime-node/$runtime/libonnxruntime_providers_cuda.so
if [ -z "$deno" ]; then
  echo "bench/pack_gpu.sh: there is no deno on the PATH; DENO=/path/to/deno" >&2
  exit 1
fi
if [ -z "$native" ]; then
  echo "bench/pack_gpu.sh: node_modules has no ONNX Runtime for Linux on x86-64: deno install" >&2
  exit 1
fi
if [ ! -e "$provider" ] && [ -z "${WITHOUT_PROVIDER:-}" ]; then
  echo "bench/pack_gpu.sh: the CUDA provider is not set up: deno task setup cuda" >&2
  exit 1
fi
if [ -e "$out" ] && [ -n "$(ls -A "$out")" ]; then
  echo "bench/pack_gpu.sh: $out is not empty" >&2
  exit 1
fi
mkdir -p "$out"

# What is left out. Deno looks at each package's folder, not at its files: every
# package stays, some without what is for other systems, browsers, compilers and
# type checkers. (Types: the tests of gpu.sh run with --no-check.)
leave=(
  --warning=no-file-changed --exclude='.deno/.deno.lock'
  --exclude='*.map'
  --exclude='*.d.ts' --exclude='*.d.mts' --exclude='*.d.cts'
  --exclude='napi-v6/darwin' --exclude='napi-v6/win32' --exclude='napi-v6/linux/arm64'
  # TensorFlow.js's bundles for browsers, and the sources that they are made of.
  --exclude='tfjs-*/dist/tf-*.min.js' --exclude='tfjs-*/dist/tf-*.es2017.js'
  --exclude='tfjs-*/dist/tf-*.fesm.js' --exclude='tfjs-*/src'
  # Of WebAssembly what computes on the processor is enough.
  --exclude='onnxruntime-web/lib' --exclude='ort-wasm-*.jspi.*'
  --exclude='ort-wasm-*.jsep.*' --exclude='ort-wasm-*.asyncify.*'
  --exclude='ort.webgl.*' --exclude='ort.all.*'
  # Browsers are driven by tests of reports alone.
  --exclude='puppeteer-core/lib' --exclude='puppeteer-core/src'
  --exclude='chromium-bidi/lib' --exclude='devtools-protocol/*'
)
[ -e "$provider" ] || leave+=(--exclude='libonnxruntime_providers_*')

# Deno's file itself, which a launcher of npm's may stand in front of.
binary=$("$deno" eval 'console.log(Deno.execPath())')
# (1: a folder changed meanwhile, where another Deno came and went.)
{ tar -c "${leave[@]}" node_modules -C "$(dirname "$binary")" "$(basename "$binary")" ||
  [ $? -eq 1 ]; } |
  gzip -"${LEVEL:-6}" | split -b "$piece" -d - "$out/gpu-pack."
(cd "$out" && sha256sum gpu-pack.* >SHA256SUMS)
echo "$out: $(ls "$out"/gpu-pack.* | wc -l) pieces, $(du -sh "$out" | cut -f 1)"

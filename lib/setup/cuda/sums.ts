/**
 * The SHA-256 sums of the files of ONNX Runtime's CUDA provider, as PyPI's wheels
 * of onnxruntime-gpu have them: what is set up must be one of these.
 *
 * @module
 */

/** Sums by version of onnxruntime-gpu and name of the file. */
export type CudaSums = Readonly<
  Record<string, Readonly<Record<string, readonly string[]>>>
>;

/** Of the versions that go with an onnxruntime-node of this project. */
export const CUDA_SUMS: CudaSums = {
  "1.30.0": {
    "libonnxruntime_providers_shared.so": [
      "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
    ],
    // Of the wheels for CPython 3.11 to 3.14, each built by itself.
    "libonnxruntime_providers_cuda.so": [
      "9d7587acb137b31bf84e4d32dc444b969bb601d098b01395effcacfe4341e364",
      "35da2e7ed0dd0d1aec5cdb16ce11a51d06c0c48cf62d1b1c9332946a4fae14fc",
      "afd77f8d1e05544456476e244601ff08d444ff90921d6d73b2066c124f109bd2",
      "0eb25d39348154516b638e792c9b30a5a91bbf7b72c2e09d3f68ada716ee6ce8",
    ],
  },
};

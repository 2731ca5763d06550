/**
 * What newcomers call flags: from papers, from other frameworks, from habit. None
 * of it is accepted; it makes the hint that goes with the refusal.
 *
 * @module
 */

import type { Words } from "../base/nearest.ts";

/** Other words for flags of any task; which of them a task has is its own. */
export const flagWords: Words = [
  // What is learned.
  ["--task", "op operation data dataset problem fn function target"],
  ["--operation", "op task fn function"],
  ["--modulus", "p mod prime q n-classes base group-size"],
  [
    "--train-fraction",
    [
      "frac fraction split train-frac frac-train train-split training-fraction",
      "train-pct train-percent train-ratio training-split data-fraction alpha",
      "split-ratio train-size-fraction test-fraction val-fraction test-size",
    ].join(" "),
  ],
  ["--label-noise", "noise corrupt label-corruption"],
  ["--samples", "n-samples num-samples data-size dataset-size n-train"],
  ["--parity-bits", "k n-parity"],
  ["--bits", "n-bits num-bits"],
  // The network.
  ["--model", "arch architecture net network model-type"],
  [
    "--hidden",
    [
      "width widths hidden-size hidden-dim hidden-dims hidden-width d-hidden",
      "hidden-layers hidden-sizes units neurons layer-sizes n-hidden depth",
      "num-layers n-layers layer",
    ].join(" "),
  ],
  ["--layers", "depth num-layers n-layers layer blocks n-blocks"],
  ["--d-model", "dim embed-dim emb-dim d-embed model-dim n-embd hidden-size"],
  ["--embedding", "embed-dim emb-dim d-embed embedding-dim embed"],
  ["--heads", "num-heads n-heads nheads n-head head attention-heads"],
  ["--d-mlp", "mlp-dim mlp-width mlp-size ffn-dim d-hidden"],
  ["--d-ff", "ff-dim ffn-dim dim-feedforward feedforward"],
  ["--biases", "bias use-bias"],
  ["--batch-norm", "bn batchnorm batch-normalization"],
  ["--norm", "ln layer-norm layernorm normalization pre-ln"],
  ["--dropout", "dropout-rate drop drop-rate dropout-p p-dropout dropout-prob"],
  ["--init", "initialization initialisation initializer weight-init"],
  ["--init-scale", "weight-scale init-gain init-alpha alpha"],
  ["--output-scale", "alpha logit-scale lazy"],
  ["--positions", "pos-embed positional positional-encoding pos"],
  // The loss.
  ["--loss", "criterion loss-fn loss-function loss-type objective"],
  ["--loss softmax", "softmax cross-entropy ce xent"],
  ["--loss stablemax", "stablemax use-stablemax"],
  ["--loss mse", "mse"],
  ["--label-smoothing", "smoothing label-smooth smooth"],
  ["--temperature", "temp tau softmax-temperature"],
  [
    ["--precision", "--loss-precision"],
    "dtype type floating-point default-dtype bits-precision amp",
  ],
  ["--loss-precision", "loss-dtype softmax-precision softmax-dtype"],
  ["--loss-precision float16", "fp16 half f16 float16"],
  ["--precision float64", "fp64 f64 double float64 x64 use-float64"],
  ["--precision float32", "fp32 f32 float float32 single"],
  // The optimizer.
  ["--optimizer", "optim opt optimiser optimizer-type"],
  ["--optimizer adamw", "adamw"],
  ["--optimizer adam", "adam"],
  ["--optimizer sgd", "sgd"],
  ["--optimizer muon", "muon"],
  [
    "--lr",
    "learning-rate learningrate rate eta step-size base-lr max-lr init-lr",
  ],
  ["--weight-decay", "wd decay l2 weightdecay lambda l2-reg regularization"],
  ["--l1", "l1-reg lasso l1-lambda"],
  [["--beta1", "--beta2"], "betas beta adam-betas"],
  ["--beta1", "b1 beta-1 adam-beta1"],
  ["--beta2", "b2 beta-2 adam-beta2"],
  ["--eps", "epsilon adam-eps adam-epsilon"],
  ["--momentum", "mu mom nesterov"],
  [
    "--perp-grad",
    [
      "perp orthograd ortho-grad orthogonal orthogonal-gradients use-perp-grad",
      "perpadamw ⊥grad project-gradient orth",
    ].join(" "),
  ],
  ["--no-perp-grad", "no-perp no-orthograd no-orthogonal"],
  [
    "--clip-norm",
    [
      "clip grad-clip clip-grad clip-grad-norm max-grad-norm gradient-clip",
      "grad-norm-clip gradient-clipping max-norm",
    ].join(" "),
  ],
  ["--clip-value", "clip-grad-value"],
  ["--schedule", "scheduler lr-schedule lr-scheduler decay-schedule"],
  ["--schedule cosine", "cosine cosine-annealing"],
  ["--warmup", "warmup-steps warm-up lr-warmup n-warmup"],
  ["--grokfast ema", "grokfast-ema"],
  ["--grokfast ma", "grokfast-ma"],
  // Length, batches, seeds.
  [
    "--steps (updates; an epoch is one, unless --batch-size is given)",
    [
      "epochs epoch num-epochs n-epochs max-epochs iterations iters iter",
      "n-iters num-iters max-iters n-steps num-steps max-steps updates",
      "training-steps train-steps total-steps niter duration length optimization-steps",
    ].join(" "),
  ],
  ["--batch-size", "batch bs batchsize minibatch mini-batch minibatch-size b"],
  [
    "--eval-every",
    [
      "eval log-every eval-interval log-interval eval-freq eval-frequency",
      "log-freq log-frequency print-every test-every evaluate-every val-every",
    ].join(" "),
  ],
  [
    "--checkpoint-every",
    [
      "save-every checkpoint checkpoints ckpt-every save-interval save-freq",
      "checkpoint-interval checkpoint-freq save-models ckpt",
    ].join(" "),
  ],
  ["--step", "checkpoint ckpt epoch iteration iter at-step steps"],
  ["--seed", "random-seed rng random-state manual-seed seeds"],
  ["--seeds", "seed n-seeds num-seeds repeats"],
  ["--data-seed", "split-seed"],
  [
    "--replicas",
    "seeds n-seeds num-seeds runs n-runs num-runs ensemble repeats",
  ],
  // Where.
  ["--device cuda", "gpu cuda use-gpu use-cuda gpus nvidia"],
  ["--device cpu", "cpu no-cuda no-gpu use-cpu"],
  ["--device webgpu", "webgpu wgpu"],
  ["--device-id", "gpu-id cuda-device card card-id device-index device-num"],
  ["--engine", "framework"],
  ["--engine tfjs", "tfjs tensorflow tf"],
  ["--runtime web", "wasm webassembly"],
  ["--threads", "num-threads n-threads nthreads cores workers num-workers"],
  ["--jobs", "j n-jobs workers num-workers parallel processes"],
  // Files.
  [
    "--run",
    "out output output-dir out-dir dir logdir log-dir name save save-dir o",
  ],
  ["--out", "output output-file outfile file o path save dest destination"],
  ["--overwrite", "force f replace clobber exist-ok"],
  ["--config", "config-file cfg c conf settings"],
  [
    "--from",
    "load init-from pretrained start-from weights finetune warm-start",
  ],
  ["--resume", "continue restart restore resume-from go-on"],
  ["--json", "as-json output-json"],
  ["--probe", "probes only"],
  ["--all-checkpoints", "all all-steps trajectory"],
  ["--metrics", "metric log"],
  ["--replica-lr", "lrs lr-sweep"],
  ["--hooks", "hook activations"],
  ["--format", "formats"],
  ["--quick", "fast short small"],
  ["--about", "list show info describe details claims"],
  ["--serve", "watch live open browser"],
  ["--help", "h usage man"],
];

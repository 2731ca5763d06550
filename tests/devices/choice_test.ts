import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import { ConfigError, resolveConfig } from "../../lib/config/config.ts";
import {
  chooseDevice,
  describeChoice,
  type Device,
  DeviceError,
  type DeviceRequest,
  devices,
} from "../../lib/devices/choice.ts";
import type { Finding } from "../../lib/settings/devices.ts";

const usable: Finding = { usable: true, detail: "fine" };
const broken: Finding = {
  usable: false,
  missing: "no card",
  mend: "plug one in",
};

/** The real rows, each finding what it is told to; `looks` notes who looked. */
function tableWith(
  findings: Readonly<Record<string, Finding>>,
  looks: string[] = [],
): Device[] {
  return devices.filter(({ engine }) => engine === "onnx").map((row) => ({
    ...row,
    check(deviceId = 0) {
      looks.push(`${row.name} ${deviceId}`);
      return Promise.resolve(findings[row.name] ?? usable);
    },
  }));
}

const ask = (request: Partial<DeviceRequest>): DeviceRequest => ({
  device: "auto",
  deviceId: 0,
  runtime: "node",
  ...request,
});

Deno.test("auto takes cuda where it is usable, on the card asked for", async () => {
  const looks: string[] = [];
  const choice = await chooseDevice(
    ask({ deviceId: 2 }),
    tableWith({}, looks),
  );
  assertEquals(choice.device, "cuda");
  assertEquals(choice.deviceId, 2);
  assertEquals(choice.passedOver, []);
  assertEquals(looks, ["cuda 2"]);
  assertEquals(describeChoice(choice), "device: cuda 2, fine");
});

Deno.test("auto takes the processor else, and says what it passed over", async () => {
  const looks: string[] = [];
  const choice = await chooseDevice(
    ask({}),
    tableWith({ cuda: broken }, looks),
  );
  assertEquals(choice.device, "cpu");
  assertEquals(looks, ["cuda 0", "cpu 0"], "WebGPU is not even looked at");
  const line = describeChoice(choice);
  assertStringIncludes(line, "device: cpu; passed over: ");
  assertStringIncludes(line, "cuda (no card: plug one in)");
  assertStringIncludes(line, "webgpu (used only when asked for");
});

for (const device of ["cuda", "webgpu", "cpu"] as const) {
  Deno.test(`chooseDevice() takes nothing else when ${device} is asked for`, async () => {
    const looks: string[] = [];
    const error = await assertRejects(
      () =>
        chooseDevice(ask({ device }), tableWith({ [device]: broken }, looks)),
      DeviceError,
    );
    assertEquals(looks, [`${device} 0`]);
    for (const words of [device, "no card", "plug one in"]) {
      assertStringIncludes(error.message, words);
    }
  });
}

Deno.test("chooseDevice() refuses auto where nothing is usable", async () => {
  await assertRejects(
    () => chooseDevice(ask({}), tableWith({ cuda: broken, cpu: broken })),
    DeviceError,
    "Cannot compute on cpu",
  );
});

Deno.test("chooseDevice() refuses a device that the runtime lacks", async () => {
  await assertRejects(
    () => chooseDevice(ask({ device: "cuda", runtime: "web" }), tableWith({})),
    UsageError,
    "auto or one of webgpu, cpu with --runtime web, got cuda",
  );
});

// What was never looked at must not be claimed: these two are always there.
for (const runtime of ["node", "web"] as const) {
  Deno.test(`the processor is usable under ${runtime}`, async () => {
    const choice = await chooseDevice(ask({ device: "cpu", runtime }));
    assertEquals(choice.detail, "products exact in float32 and float64");
  });
}

const REFUSED: readonly [config: Record<string, unknown>, says: string][] = [
  [{ device: "webgpu", precision: "float64" }, "--precision must be float32"],
  [
    { device: "webgpu", lossPrecision: "float64" },
    "--loss-precision must be float32",
  ],
  [
    { device: "webgpu", loss: "softmax", lossPrecision: "float16" },
    "--loss-precision must be float32",
  ],
  [{ device: "webgpu", runtime: "web" }, "--runtime must be node"],
  [{ device: "cuda", runtime: "web" }, "--device must be auto or one of"],
  [{ device: "cuda", engine: "tfjs" }, "use --backend"],
  [{ device: "webgpu", engine: "tfjs" }, "use --backend"],
  [{ runtime: "web", engine: "tfjs" }, "use --backend wasm"],
  [{ device: "gpu" }, "auto, cpu, cuda, webgpu"],
];

for (const [config, says] of REFUSED) {
  Deno.test(`resolveConfig() refuses ${JSON.stringify(config)}`, () => {
    assertThrows(() => resolveConfig(config), ConfigError, says);
  });
}

for (const device of ["auto", "cpu", "cuda"] as const) {
  Deno.test(`resolveConfig() lets ${device} compute in float64`, () => {
    const config = { device, precision: "float64", lossPrecision: "float64" };
    assertEquals(resolveConfig(config).device, device);
  });
}

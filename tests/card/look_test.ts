import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withTempDir } from "../tasks/_run.ts";
import { answers } from "./answers.ts";
import { makeStandIns, standInsLack } from "./stand_ins.ts";

const lacking = await standInsLack();
if (lacking !== undefined) {
  console.log(`looking at a stand-in for a card: skipped, ${lacking}`);
}

// The look forbids ONNX Runtime to place a node on the processor: an operator
// without a kernel there is found here, in every floating type.
Deno.test({
  name: "all that a card is tried by is placed on it, and its answers are read",
  ignore: lacking !== undefined,
  fn: () =>
    withTempDir(async (folder) => {
      await makeStandIns(folder);
      await Deno.writeFile(join(folder, "answers"), await answers());
      const here = new URL("../../lib/devices/onnx_check.ts", import.meta.url);
      const script = `
        import { checkOnnx } from ${JSON.stringify(here.href)};
        const target = { runtime: "node", device: "cuda", deviceId: 0 };
        console.log(JSON.stringify(await checkOnnx(target)));
      `;
      const config = new URL("../../deno.json", import.meta.url);
      const look = async (env: Record<string, string>) => {
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["eval", "--config", fileURLToPath(config), script],
          env: { LD_LIBRARY_PATH: folder, ...env },
        }).output();
        assert(stdout.length > 0, new TextDecoder().decode(stderr));
        return JSON.parse(new TextDecoder().decode(stdout));
      };
      assertEquals(
        await look({ STAND_INS_ANSWERS: join(folder, "answers") }),
        { usable: true, detail: "products exact in float32 and float64" },
      );
      const { usable, missing } = await look({});
      assertEquals([usable, missing], [
        false,
        "its float32 products are wrong: 0, not 1.000244140625",
      ]);
    }),
});

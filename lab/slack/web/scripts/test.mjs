// Bundles the tests and runs them with node's own test runner.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { emojiTable } from "./emoji_table.mjs";

const WEB = new URL("../", import.meta.url).pathname;
const outdir = await mkdtemp(join(tmpdir(), "practice-slack-page-"));
const tests = (await readdir(join(WEB, "test"))).filter((name) => name.endsWith(".test.ts"));
await build({
  absWorkingDir: WEB,
  entryPoints: tests.map((name) => `test/${name}`),
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  plugins: [emojiTable],
});
const files = tests.map((name) => join(outdir, name.replace(/\.ts$/, ".mjs")));
const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" });
await rm(outdir, { recursive: true });
process.exit(status ?? 1);

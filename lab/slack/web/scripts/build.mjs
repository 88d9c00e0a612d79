// Builds ../static: one script, one style sheet, the page and the licences of what is in the bundle.
// The same sources give the same bytes.
import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { emojiTable } from "./emoji_table.mjs";
import { licences } from "./licences.mjs";

const WEB = new URL("../", import.meta.url);
const STATIC = new URL("../../static/", import.meta.url);

const result = await build({
  absWorkingDir: WEB.pathname,
  entryPoints: { app: "src/main.tsx" },
  outdir: STATIC.pathname,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  plugins: [emojiTable],
  logLevel: "info",
});

await writeFile(new URL("index.html", STATIC), await readFile(new URL("src/index.html", WEB)));
await writeFile(new URL("THIRD-PARTY-LICENSES.txt", STATIC), await licences(WEB, Object.keys(result.metafile.inputs)));

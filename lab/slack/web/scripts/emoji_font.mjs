// Makes src/fonts/practice-emoji.woff2 and the style sheet that says which characters are in it.
// Needed only when src/fonts/emoji.txt changes:
//     node scripts/emoji_font.mjs PATH/TO/noto-color-emoji-emoji-400-normal.woff2
// The font is in the npm package @fontsource/noto-color-emoji; pyftsubset comes with fonttools and brotli (PyPI).
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { readFile, writeFile } from "node:fs/promises";
import { SOURCE } from "./emoji_table.mjs";

const FONTS = new URL("../src/fonts/", import.meta.url);
const { emojis, aliases, categories } = createRequire(import.meta.url)(SOURCE);

function character(name) {
  const emoji = emojis[name] ?? emojis[aliases[name]];
  if (!emoji) throw new Error(`emoji.txt names ${name}, which is no emoji`);
  return emoji.skins[0].native;
}

function ranges(points) {
  const found = [];
  for (const point of points) {
    const last = found.at(-1);
    if (last?.[1] === point - 1) last[1] = point;
    else found.push([point, point]);
  }
  const hex = (point) => point.toString(16).toUpperCase();
  return found.map(([from, to]) => (from === to ? `U+${hex(from)}` : `U+${hex(from)}-${hex(to)}`));
}

const names = (await readFile(new URL("emoji.txt", FONTS), "utf8")).trim().split(/\s+/);
const symbols = categories.find((category) => category.id === "symbols").emojis;
const all = [...names, ...symbols].map(character).join("");
// Digits and letters that are part of some emoji stay with the text's own font.
const points = [...new Set(all)].map((one) => one.codePointAt(0)).filter((point) => point > 0x20ff || point === 0x200d);
points.sort((a, b) => a - b);

await writeFile(
  new URL("emoji_font.css", FONTS),
  `/* Made by scripts/emoji_font.mjs. Drawn where a machine has no emoji of its own. */
@font-face {
  font-display: swap;
  font-family: "Practice Emoji";
  src: url("./practice-emoji.woff2") format("woff2");
  unicode-range: ${ranges(points).join(", ")};
}
`,
);
const options = ["--drop-tables+=SVG,vhea,vmtx", "--layout-features=", "--flavor=woff2", "--no-recalc-timestamp"];
const text = `--unicodes=${points.map((point) => point.toString(16)).join(",")}`;
const output = `--output-file=${new URL("practice-emoji.woff2", FONTS).pathname}`;
const { status } = spawnSync("pyftsubset", [process.argv[2], text, output, ...options], { stdio: "inherit" });
process.exit(status ?? 1);

// The licence texts of every package whose code or data is in the bundle.
import { readFile, readdir } from "node:fs/promises";

// Their files come in by a plugin, which the bundler's list of inputs does not show.
const BEYOND_THE_INPUTS = ["@emoji-mart/data"];

export async function licences(web, inputs) {
  const bundled = inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const names = [...new Set([...bundled, ...BEYOND_THE_INPUTS])].sort();
  const texts = await Promise.all(names.map((name) => licence(new URL(`node_modules/${name}/`, web))));
  texts.push(section("Noto Color Emoji, subset (OFL-1.1)", await readFile(new URL("src/fonts/LICENSE", web), "utf8")));
  return ["Third-party software in the practice Slack's page", "", ...texts].join("\n");
}

async function licence(folder) {
  const { name, version, license } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
  const file = (await readdir(folder)).find((one) => /^(licen[cs]e|copying|ofl)/i.test(one));
  if (!file) throw new Error(`${name} brings no licence text: find out why before it is bundled`);
  const text = await readFile(new URL(file, folder), "utf8");
  return section(`${name} ${version} (${license})`, text);
}

function section(heading, text) {
  return `${"=".repeat(80)}\n${heading}\n\n${text.trim()}\n`;
}

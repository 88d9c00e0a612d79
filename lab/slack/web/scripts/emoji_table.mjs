// An esbuild plugin: `emoji:table` is the list of Slack's emoji short names with their characters,
// taken from @emoji-mart/data, whose names are those of Slack's own emoji set.
import { createRequire } from "node:module";

export const SOURCE = "@emoji-mart/data/sets/15/native.json";

export const emojiTable = {
  name: "emoji-table",
  setup(build) {
    build.onResolve({ filter: /^emoji:table$/ }, () => ({ path: "table", namespace: "emoji" }));
    build.onLoad({ filter: /.*/, namespace: "emoji" }, () => ({ contents: table(), loader: "text" }));
  },
};

function table() {
  const { emojis, aliases } = createRequire(import.meta.url)(SOURCE);
  const characters = new Map(Object.values(emojis).map((emoji) => [emoji.id, emoji.skins[0].native]));
  for (const [alias, name] of Object.entries(aliases)) {
    if (characters.has(name)) characters.set(alias, characters.get(name));
  }
  return [...characters].map(([name, character]) => `${name}=${character}`).sort().join(" ");
}

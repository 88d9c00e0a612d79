/** Emoji short names as characters. The table is made at build time; see scripts/emoji_table.mjs. */

import table from "emoji:table";

const CHARACTERS: ReadonlyMap<string, string> = new Map(
  table.split(" ").map((entry) => {
    const [name = "", character = ""] = entry.split("=");
    return [name, character];
  }),
);
const SKIN_TONES = ["", "", "\u{1F3FB}", "\u{1F3FC}", "\u{1F3FD}", "\u{1F3FE}", "\u{1F3FF}"];

/** The character for a short name, or null: an unknown name stays as it was typed, as in Slack. */
export function emojiCharacter(name: string, skinTone?: number): string | null {
  const character = CHARACTERS.get(name);
  return character === undefined ? null : character + (SKIN_TONES[skinTone ?? 0] ?? "");
}

export const EMOJI_AT = /:([a-z0-9_+'-]+):(?::skin-tone-([2-6]):)?/y;

/** Replaces every known `:short_name:` in a text without markup. */
export function withEmoji(text: string): string {
  return text.replace(/:([a-z0-9_+'-]+):(?::skin-tone-([2-6]):)?/g, (whole, name: string, tone?: string) => {
    return emojiCharacter(name, Number(tone ?? 0)) ?? whole;
  });
}

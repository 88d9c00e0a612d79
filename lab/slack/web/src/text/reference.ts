/** What stands between `<` and `>` in mrkdwn: mentions, dates and links. Anything else is no reference. */

import { unescapeEntities } from "./entities.ts";

export type Reference =
  | { kind: "user" | "channel" | "group"; id: string; label: string | null }
  | { kind: "broadcast"; range: string }
  | { kind: "date"; seconds: number; format: string; link: string | null; fallback: string }
  | { kind: "link"; url: string; label: string | null };

export function parseReference(inner: string): Reference | null {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? null : unescapeEntities(inner.slice(bar + 1));
  const mention = /^([@#])([UWCGD][A-Z0-9]+)$/.exec(target);
  if (mention?.[2]) return { kind: mention[1] === "@" ? "user" : "channel", id: mention[2], label };
  if (target.startsWith("!")) return parseSpecial(target.slice(1), label);
  return isLink(target) ? { kind: "link", url: unescapeEntities(target), label } : null;
}

function parseSpecial(name: string, label: string | null): Reference | null {
  const group = /^subteam\^(S[A-Z0-9]+)$/.exec(name)?.[1];
  if (group) return { kind: "group", id: group, label };
  if (/^(here|channel|everyone)$/.test(name)) return { kind: "broadcast", range: name };
  const [kind, seconds, format, link] = name.split("^");
  if (kind !== "date" || !/^-?\d+$/.test(seconds ?? "") || !format) return null;
  return { kind: "date", seconds: Number(seconds), format, link: link ?? null, fallback: label ?? "" };
}

export function isLink(target: string): boolean {
  return /^(https?:\/\/|mailto:|tel:)/i.test(target);
}

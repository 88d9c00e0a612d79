/**
 * Slack's mrkdwn as a tree: https://docs.slack.dev/messaging/formatting-message-text
 * Pure; drawing is in mrkdwn_view.tsx. What is no markup stays text, so nothing printed by a server is lost.
 */

import { EMOJI_AT, emojiCharacter } from "./emoji.ts";
import { unescapeEntities } from "./entities.ts";
import { type Reference, parseReference } from "./reference.ts";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "bold" | "italic" | "strike"; children: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "emoji"; name: string; character: string }
  | { kind: "newline" }
  | Reference;

export type Paragraph =
  | { kind: "text" | "quote"; children: Inline[] }
  | { kind: "preformatted"; text: string };

const STYLES = { "*": "bold", _: "italic", "~": "strike" } as const;
const MOST_NESTED = 8;
const WORD = /[\p{L}\p{N}]/u;
const URL_AT = /https?:\/\/[^\s<>|`]+/y;
const REFERENCE_AT = /<([^<>\n]+)>/y;

export function parseMrkdwn(text: string, verbatim = false): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  // A split with one group puts the fenced parts at the odd places.
  text.split(/```([\s\S]+?)```/).forEach((part, index) => {
    if (index % 2) paragraphs.push({ kind: "preformatted", text: unescapeEntities(part.replace(/^\n|\n$/g, "")) });
    else paragraphs.push(...parseLines(index > 0 ? part.replace(/^\n/, "") : part, verbatim));
  });
  return paragraphs;
}

function parseLines(text: string, verbatim: boolean): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let quoteTheRest = false;
  if (text === "") return paragraphs;
  for (const line of text.split("\n")) {
    const toTheEnd = /^(?:>|&gt;){3}\s?/.exec(line);
    const mark = toTheEnd ?? /^(?:>|&gt;)\s?/.exec(line);
    quoteTheRest ||= toTheEnd !== null;
    const kind = mark || quoteTheRest ? "quote" : "text";
    const children = parseInline(mark ? line.slice(mark[0].length) : line, verbatim);
    const last = paragraphs.at(-1);
    if (last?.kind === kind) last.children.push({ kind: "newline" }, ...children);
    else paragraphs.push({ kind, children });
  }
  return paragraphs;
}

/** A line on its way to becoming a tree. */
interface Line {
  text: string;
  verbatim: boolean;
  /** How many styles it stands in; past MOST_NESTED marks are text. */
  depth: number;
  /** Marks known to have no partner further on: looking again for each would take quadratic time. */
  unclosed: Set<string>;
}

/** One line's markup. */
export function parseInline(text: string, verbatim = false, depth = 0): Inline[] {
  const line: Line = { text, verbatim, depth, unclosed: new Set() };
  const found: Inline[] = [];
  let plain = "";
  let at = 0;
  const flush = (): void => {
    if (plain) found.push({ kind: "text", text: unescapeEntities(plain) });
    plain = "";
  };
  while (at < text.length) {
    const token = tokenAt(line, at);
    if (token) {
      flush();
      found.push(token.node);
      at = token.end;
    } else {
      plain += text.charAt(at);
      at += 1;
    }
  }
  flush();
  return found;
}

interface Token {
  node: Inline;
  end: number;
}

function tokenAt(line: Line, at: number): Token | null {
  const { text } = line;
  switch (text.charAt(at)) {
    case "`":
      return codeAt(text, at);
    case "<":
      return referenceAt(text, at);
    case ":":
      return emojiAt(text, at);
    case "*":
    case "_":
    case "~":
      return styledAt(line, at);
    case "h":
      return line.verbatim ? null : urlAt(text, at);
    default:
      return null;
  }
}

function codeAt(line: string, at: number): Token | null {
  const end = line.indexOf("`", at + 1);
  if (end <= at + 1) return null;
  return { node: { kind: "code", text: unescapeEntities(line.slice(at + 1, end)) }, end: end + 1 };
}

function referenceAt(line: string, at: number): Token | null {
  REFERENCE_AT.lastIndex = at;
  const match = REFERENCE_AT.exec(line);
  const node = match?.[1] === undefined ? null : parseReference(match[1]);
  return match && node ? { node, end: at + match[0].length } : null;
}

function emojiAt(line: string, at: number): Token | null {
  EMOJI_AT.lastIndex = at;
  const match = EMOJI_AT.exec(line);
  const name = match?.[1];
  const character = name === undefined ? null : emojiCharacter(name, Number(match?.[2] ?? 0));
  if (!match || !name || !character) return null;
  return { node: { kind: "emoji", name, character }, end: at + match[0].length };
}

function urlAt(line: string, at: number): Token | null {
  URL_AT.lastIndex = at;
  const match = URL_AT.exec(line);
  if (!match || WORD.test(line.charAt(at - 1))) return null;
  const url = match[0].replace(/[.,;:!?'")\]*_~]+$/, "");
  return { node: { kind: "link", url: unescapeEntities(url), label: null }, end: at + url.length };
}

/** Bold, italic and struck text: the marks must hug their words and must not stand inside one. */
function styledAt(line: Line, at: number): Token | null {
  const { text, verbatim, depth, unclosed } = line;
  const mark = text.charAt(at) as keyof typeof STYLES;
  const next = text.charAt(at + 1);
  if (depth >= MOST_NESTED || unclosed.has(mark)) return null;
  if (WORD.test(text.charAt(at - 1)) || next === "" || next === mark || /\s/.test(next)) return null;
  const end = closingMark(text, at + 1, mark);
  if (end === null) {
    unclosed.add(mark);
    return null;
  }
  const children = parseInline(text.slice(at + 1, end), verbatim, depth + 1);
  return { node: { kind: STYLES[mark], children }, end: end + 1 };
}

function closingMark(line: string, from: number, mark: string): number | null {
  let at = from;
  while (at < line.length) {
    const skipped = line.charAt(at) === "`" ? codeAt(line, at) : line.charAt(at) === "<" ? referenceAt(line, at) : null;
    if (skipped) {
      at = skipped.end;
      continue;
    }
    const closes = line.charAt(at) === mark && at > from && !/\s/.test(line.charAt(at - 1));
    if (closes && !WORD.test(line.charAt(at + 1))) return at;
    at += 1;
  }
  return null;
}

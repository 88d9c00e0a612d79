/** Draws text objects. Everything ends as text nodes: no markup of the page is ever made from a string. */

import { displayName, useReader } from "../reader.tsx";
import type { TextObject } from "../wire/blocks.ts";
import { exactTime, formatToken } from "./date.ts";
import { withEmoji } from "./emoji.ts";
import { unescapeEntities } from "./entities.ts";
import { type Inline, type Paragraph, parseMrkdwn } from "./mrkdwn.ts";

/** A text object on its own lines. */
export function Text({ text }: { text: TextObject }) {
  return text.type === "mrkdwn" ? <Mrkdwn text={text.text} verbatim={text.verbatim === true} /> : <PlainText text={text} />;
}

/** A plain_text object. */
export function PlainText({ text }: { text: TextObject | null | undefined }) {
  return <WithEmoji text={plain(text)} />;
}

/** Text without markup: short names as characters, and emoji in the emoji font. */
export function WithEmoji({ text }: { text: string }) {
  return <InEmojiFont text={withEmoji(text)} />;
}

function InEmojiFont({ text }: { text: string }) {
  const parts = text.split(EMOJI_RUN);
  return <>{parts.map((part, index) => (index % 2 ? <span key={index} class="emoji">{part}</span> : part))}</>;
}

/** A plain_text object as a string: emoji as characters. */
export function plain(text: TextObject | null | undefined): string {
  if (!text) return "";
  const unescaped = unescapeEntities(text.text);
  return text.emoji === false ? unescaped : withEmoji(unescaped);
}

// One group, so that a split puts the emoji at the odd places.
const EMOJI_RUN = /((?:(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F)[\u200D\uFE0F\u{1F3FB}-\u{1F3FF}]*)+)/u;

export function Mrkdwn({ text, verbatim = false }: { text: string; verbatim?: boolean }) {
  return (
    <div class="mrkdwn">
      {parseMrkdwn(text, verbatim).map((paragraph, index) => (
        <ParagraphView key={index} paragraph={paragraph} />
      ))}
    </div>
  );
}

function ParagraphView({ paragraph }: { paragraph: Paragraph }) {
  if (paragraph.kind === "preformatted") return <pre>{paragraph.text}</pre>;
  const children = <Inlines nodes={paragraph.children} />;
  return paragraph.kind === "quote" ? <blockquote>{children}</blockquote> : <p>{children}</p>;
}

function Inlines({ nodes }: { nodes: Inline[] }) {
  return (
    <>
      {nodes.map((node, index) => (
        <InlineView key={index} node={node} />
      ))}
    </>
  );
}

function InlineView({ node }: { node: Inline }) {
  switch (node.kind) {
    case "text":
      return <InEmojiFont text={node.text} />;
    case "newline":
      return <br />;
    case "code":
      return <code>{node.text}</code>;
    case "bold":
      return <strong><Inlines nodes={node.children} /></strong>;
    case "italic":
      return <em><Inlines nodes={node.children} /></em>;
    case "strike":
      return <s><Inlines nodes={node.children} /></s>;
    case "emoji":
      return <Emoji name={node.name} character={node.character} />;
    case "link":
      return <Link url={node.url}><WithEmoji text={node.label ?? node.url} /></Link>;
    case "date":
      return <DateToken {...node} />;
    case "broadcast":
      return <span class="mention broadcast">@{node.range}</span>;
    default:
      return <Mention kind={node.kind} id={node.id} label={node.label} />;
  }
}

export function Emoji({ name, character }: { name: string; character: string }) {
  return <span class="emoji" role="img" aria-label={name.replaceAll("_", " ")} title={`:${name}:`}>{character}</span>;
}

export function Link({ url, children }: { url: string; children: preact.ComponentChildren }) {
  return <a href={url} target="_blank" rel="noreferrer noopener">{children}</a>;
}

interface DateTokenProps {
  seconds: number;
  format: string;
  link: string | null;
}

export function DateToken({ seconds, format, link }: DateTokenProps) {
  const { timeZone, now } = useReader();
  const time = (
    <time class="date-token" dateTime={new Date(seconds * 1000).toISOString()} title={exactTime(seconds, timeZone)}>
      {formatToken(format, seconds, timeZone, now)}
    </time>
  );
  return link ? <Link url={link}>{time}</Link> : time;
}

interface MentionProps {
  kind: "user" | "channel" | "group";
  id: string;
  label: string | null;
}

/** A mention by name where the id is known; the label or the id itself where it is not. */
export function Mention({ kind, id, label }: MentionProps) {
  const reader = useReader();
  if (kind === "channel") {
    const name = reader.channels.get(id)?.name ?? label ?? id;
    return <a class="mention" href={`#/${encodeURIComponent(id)}`}>#{name}</a>;
  }
  if (kind === "group") {
    const group = reader.groups.get(id);
    const mine = group?.users.includes(reader.user) ? " mine" : "";
    return <span class={`mention${mine}`} title={group?.name ?? ""}>@{(group?.handle ?? label ?? id).replace(/^@/, "")}</span>;
  }
  const name = displayName(reader.users.get(id), label ?? id);
  return <span class={`mention${id === reader.user ? " mine" : ""}`} data-user-id={id}>@{name.replace(/^@/, "")}</span>;
}

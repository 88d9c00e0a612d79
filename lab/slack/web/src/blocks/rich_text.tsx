/** A rich_text block: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block */

import type { JSX } from "preact";
import { emojiCharacter } from "../text/emoji.ts";
import { isLink } from "../text/reference.ts";
import { DateToken, Emoji, Link, Mention } from "../text/mrkdwn_view.tsx";
import type { RichTextBlock, RichTextLeaf, RichTextPart, RichTextStyle } from "../wire/blocks.ts";

export function RichText({ block }: { block: RichTextBlock }) {
  return (
    <div class="rich-text">
      {block.elements.map((part, index) => <Part key={index} part={part} />)}
    </div>
  );
}

function Part({ part }: { part: RichTextPart }) {
  switch (part.type) {
    case "rich_text_list":
      return <List part={part} />;
    case "rich_text_preformatted":
      return <pre><Leaves part={part} /></pre>;
    case "rich_text_quote":
      return <blockquote><Leaves part={part} /></blockquote>;
    default:
      return <p><Leaves part={part} /></p>;
  }
}

function List({ part }: { part: RichTextPart }) {
  const items = part.elements.map((item, index) => <li key={index}><Leaves part={item as RichTextPart} /></li>);
  const margin = { marginLeft: `${(part.indent ?? 0) * 1.5}rem` };
  return part.style === "ordered" ? (
    <ol style={margin} start={(part.offset ?? 0) + 1}>{items}</ol>
  ) : (
    <ul style={margin}>{items}</ul>
  );
}

function Leaves({ part }: { part: RichTextPart }) {
  return (
    <>
      {part.elements.map((leaf, index) => (
        <Styled key={index} style={leaf.style as RichTextStyle | undefined}>
          <Leaf leaf={leaf as RichTextLeaf} />
        </Styled>
      ))}
    </>
  );
}

function Styled({ style = {}, children }: { style?: RichTextStyle | undefined; children: JSX.Element }) {
  let drawn = children;
  if (style.code) drawn = <code>{drawn}</code>;
  if (style.underline) drawn = <u>{drawn}</u>;
  if (style.strike) drawn = <s>{drawn}</s>;
  if (style.italic) drawn = <em>{drawn}</em>;
  if (style.bold) drawn = <strong>{drawn}</strong>;
  return drawn;
}

function Leaf({ leaf }: { leaf: RichTextLeaf }) {
  switch (leaf.type) {
    case "link":
      return isLink(leaf.url ?? "") ? <Link url={leaf.url ?? ""}>{leaf.text || leaf.url}</Link> : <>{leaf.text || leaf.url}</>;
    case "emoji":
      return <EmojiLeaf name={leaf.name ?? ""} />;
    case "user":
      return <Mention kind="user" id={leaf.user_id ?? ""} label={null} />;
    case "usergroup":
      return <Mention kind="group" id={leaf.usergroup_id ?? ""} label={null} />;
    case "channel":
      return <Mention kind="channel" id={leaf.channel_id ?? ""} label={null} />;
    case "broadcast":
      return <span class="mention broadcast">@{leaf.range}</span>;
    case "date":
      return <DateToken seconds={leaf.timestamp ?? 0} format={leaf.format ?? "{date}"} link={leaf.url ?? null} />;
    case "color":
      return <span class="color-value"><span class="swatch" style={{ backgroundColor: leaf.value ?? "" }} />{leaf.value}</span>;
    default:
      return <>{leaf.text}</>;
  }
}

function EmojiLeaf({ name }: { name: string }) {
  const character = emojiCharacter(name);
  return character ? <Emoji name={name} character={character} /> : <>{`:${name}:`}</>;
}

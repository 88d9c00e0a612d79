/** An attachment: a coloured bar with blocks beside it, or the older fields. */

import { Blocks } from "../blocks/block.tsx";
import { Link, Mrkdwn, WithEmoji } from "../text/mrkdwn_view.tsx";
import type { Attachment } from "../wire/api.ts";

const NAMED: Readonly<Record<string, string>> = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

export function AttachmentView({ attachment }: { attachment: Attachment }) {
  return (
    <>
      {attachment.pretext && <Mrkdwn text={attachment.pretext} />}
      <div class="attachment" data-color={attachment.color}>
        <span class="bar" style={{ backgroundColor: barColour(attachment.color) }} />
        <div class="attachment-body">
          {attachment.title && <p class="attachment-title"><Title attachment={attachment} /></p>}
          {attachment.text && <Mrkdwn text={attachment.text} />}
          {attachment.blocks && <Blocks blocks={attachment.blocks} />}
          {attachment.fields && (
            <div class="fields">
              {attachment.fields.map((field, index) => (
                <div key={index} class={field.short ? "" : "long"}>
                  <strong><WithEmoji text={field.title} /></strong>
                  <Mrkdwn text={field.value} />
                </div>
              ))}
            </div>
          )}
          {!attachment.text && !attachment.blocks && attachment.fallback && <Mrkdwn text={attachment.fallback} />}
          {attachment.footer && <p class="attachment-footer"><WithEmoji text={attachment.footer} /></p>}
        </div>
      </div>
    </>
  );
}

function Title({ attachment }: { attachment: Attachment }) {
  const title = <WithEmoji text={attachment.title ?? ""} />;
  return attachment.title_link ? <Link url={attachment.title_link}>{title}</Link> : title;
}

function barColour(colour: string | undefined): string {
  if (!colour) return "#d0d7de";
  return NAMED[colour] ?? (colour.startsWith("#") ? colour : `#${colour}`);
}

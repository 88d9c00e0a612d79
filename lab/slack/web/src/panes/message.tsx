/** One message. */

import { memo } from "preact/compat";
import { Blocks } from "../blocks/block.tsx";
import { BlockHostProvider, useBlockHost } from "../blocks/host.tsx";
import { Icon } from "../icons.tsx";
import { displayName, useReader } from "../reader.tsx";
import { ago, exactTime, formatTime } from "../text/date.ts";
import { emojiCharacter } from "../text/emoji.ts";
import { Mrkdwn } from "../text/mrkdwn_view.tsx";
import type { Message } from "../wire/api.ts";
import { AttachmentView } from "./attachment.tsx";
import { Avatar } from "./avatar.tsx";
import { FileView } from "./file.tsx";

interface MessageProps {
  message: Message;
  /** The one before it is of the same author and minute: name and picture are left out. */
  follows: boolean;
  onOpenThread?: ((ts: string) => void) | undefined;
}

export const MessageView = memo(function MessageView({ message, follows, onOpenThread }: MessageProps) {
  const reader = useReader();
  const author = reader.users.get(message.user);
  const isApp = message.bot_id !== undefined || author?.is_bot === true;
  const name = message.username || displayName(author, message.user);
  return (
    <article
      class={`message${message.ephemeral ? " ephemeral" : ""}${follows ? " follows" : ""}`}
      data-testid="message"
      data-ts={message.ts}
      data-channel={message.channel}
      data-user={message.user}
      data-ephemeral={message.ephemeral}
      aria-label={`${name}, ${formatTime(Number(message.ts), "time", reader.timeZone)}`}
    >
      <div class="gutter">{follows ? <Time ts={message.ts} /> : <Avatar id={message.user} name={name} app={isApp} />}</div>
      <div class="message-body">
        {message.ephemeral && <p class="only-you"><Icon name="eye" size={14} /> Only visible to you</p>}
        {!follows && (
          <p class="message-head">
            <strong class="author">{name}</strong>
            {isApp && <span class="app-badge">APP</span>}
            <Time ts={message.ts} />
          </p>
        )}
        <Content message={message} />
        <Reactions message={message} />
        <Replies message={message} onOpenThread={onOpenThread} />
      </div>
      {onOpenThread && !message.ephemeral && (
        <button type="button" class="reply-button" onClick={() => onOpenThread(message.thread_ts ?? message.ts)}>
          <Icon name="reply" size={14} /> Reply in thread
        </button>
      )}
    </article>
  );
});

function Content({ message }: { message: Message }) {
  const host = useBlockHost({ type: "message", channel: message.channel, ts: message.ts }, allBlocks(message));
  return (
    <BlockHostProvider value={host}>
      {message.blocks.length > 0 ? <Blocks blocks={message.blocks} /> : message.text && <Mrkdwn text={message.text} />}
      {message.attachments?.map((attachment, index) => <AttachmentView key={index} attachment={attachment} />)}
      {message.files?.map((file) => <FileView key={file.id} file={file} />)}
      {message.edited && <Edited ts={message.edited.ts} />}
    </BlockHostProvider>
  );
}

function allBlocks(message: Message) {
  return [...message.blocks, ...(message.attachments ?? []).flatMap((attachment) => attachment.blocks ?? [])];
}

function Time({ ts }: { ts: string }) {
  const { timeZone } = useReader();
  const seconds = Number(ts);
  const time = formatTime(seconds, "time", timeZone);
  return <time class="time" dateTime={new Date(seconds * 1000).toISOString()} title={exactTime(seconds, timeZone)}>{time}</time>;
}

function Edited({ ts }: { ts: string }) {
  const { timeZone } = useReader();
  return <span class="edited" title={exactTime(Number(ts), timeZone)}>(edited)</span>;
}

function Reactions({ message }: { message: Message }) {
  const reader = useReader();
  if (!message.reactions?.length) return null;
  return (
    <ul class="reactions" aria-label="Reactions">
      {message.reactions.map(({ name, users, count }) => (
        <li
          key={name}
          class={users.includes(reader.user) ? "mine" : ""}
          title={`${users.map((id) => displayName(reader.users.get(id), id)).join(", ")} reacted with :${name}:`}
        >
          <span class="emoji">{emojiCharacter(name) ?? `:${name}:`}</span> {count ?? users.length}
        </li>
      ))}
    </ul>
  );
}

function Replies({ message, onOpenThread }: Pick<MessageProps, "message" | "onOpenThread">) {
  const { now } = useReader();
  const count = message.reply_count ?? 0;
  if (!onOpenThread || count === 0) return null;
  return (
    <button type="button" class="replies" onClick={() => onOpenThread(message.ts)}>
      {message.reply_users?.slice(0, 3).map((id) => <ReplyAvatar key={id} id={id} />)}
      <strong>{count} {count === 1 ? "reply" : "replies"}</strong>
      {message.latest_reply && <span class="last-reply">Last reply {ago(now - Number(message.latest_reply))}</span>}
    </button>
  );
}

function ReplyAvatar({ id }: { id: string }) {
  const user = useReader().users.get(id);
  return <Avatar id={id} name={displayName(user, id)} app={user?.is_bot === true} />;
}

/** Messages in order, with a line between days. Stays at the end while the reader is there. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { useReader } from "../reader.tsx";
import { dayHeading, formatTime } from "../text/date.ts";
import type { Message } from "../wire/api.ts";
import { MessageView } from "./message.tsx";

const NEAR_THE_END = 80;

interface MessageListProps {
  messages: Message[];
  label: string;
  empty: string;
  onOpenThread?: (ts: string) => void;
}

export function MessageList({ messages, label, empty, onOpenThread }: MessageListProps) {
  const { timeZone, now } = useReader();
  const root = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const lastTop = useRef(0);

  useLayoutEffect(() => {
    const list = root.current;
    if (!list) return;
    const stay = (): void => {
      if (atEnd.current) list.scrollTop = list.scrollHeight;
    };
    stay();
    // Pictures and updated messages grow after they are drawn.
    const observer = new ResizeObserver(stay);
    for (const child of list.children) observer.observe(child);
    observer.observe(list);
    return () => observer.disconnect();
  }, []);

  function scrolled(): void {
    const list = root.current;
    if (!list) return;
    const near = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_THE_END;
    // A picture that grows puts the end further away; only the reader's own scrolling back leaves it.
    if (near) atEnd.current = true;
    else if (list.scrollTop < lastTop.current) atEnd.current = false;
    lastTop.current = list.scrollTop;
  }

  return (
    <div class="messages" ref={root} role="log" aria-label={label} tabIndex={0} onScroll={scrolled}>
      <div class="messages-inner">
        {messages.length === 0 && <p class="empty">{empty}</p>}
        {messages.map((message, index) => {
          const before = messages[index - 1];
          const newDay = !before || day(before, timeZone) !== day(message, timeZone);
          return (
            <div key={message.ts}>
              {newDay && <h3 class="day"><span>{dayHeading(Number(message.ts), timeZone, now)}</span></h3>}
              <MessageView message={message} follows={!newDay && follows(before, message)} onOpenThread={onOpenThread} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function day(message: Message, timeZone: string): string {
  return formatTime(Number(message.ts), "date_num", timeZone);
}

/** Whether name and picture can be left out: the same author, plain text, within a minute. */
function follows(before: Message, message: Message): boolean {
  const sameAuthor = before.user === message.user && before.username === message.username;
  const sameKind = before.ephemeral === message.ephemeral && !before.reply_count && !message.attachments?.length;
  return sameAuthor && sameKind && Number(message.ts) - Number(before.ts) < 60;
}

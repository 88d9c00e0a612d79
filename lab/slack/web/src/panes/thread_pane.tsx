/** A thread, on the right. */

import { type Practice, threadMessages } from "../state/practice.ts";
import { Icon } from "../icons.tsx";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message_list.tsx";

interface ThreadPaneProps {
  practice: Practice;
  channel: string;
  threadTs: string;
  onClose(): void;
}

export function ThreadPane({ practice, channel, threadTs, onClose }: ThreadPaneProps) {
  const name = practice.channels.find((one) => one.id === channel)?.name;
  return (
    <aside class="right pane" aria-label="Thread" data-testid="thread">
      <header class="pane-head">
        <h2>Thread {name && <small>#{name}</small>}</h2>
        <button type="button" class="icon" aria-label="Close thread" onClick={onClose}><Icon name="close" /></button>
      </header>
      <MessageList
        key={threadTs}
        messages={threadMessages(practice, channel, threadTs)}
        label="Messages in this thread"
        empty="This thread is gone."
      />
      <Composer key={`reply-${threadTs}`} practice={practice} channel={channel} threadTs={threadTs} label="Reply…" />
    </aside>
  );
}

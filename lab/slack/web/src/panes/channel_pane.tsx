/** A channel: its messages and the composer. */

import { channelMessages, type Practice } from "../state/practice.ts";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message_list.tsx";

interface ChannelPaneProps {
  practice: Practice;
  channel: string;
  onOpenThread(ts: string): void;
}

export function ChannelPane({ practice, channel, onOpenThread }: ChannelPaneProps) {
  const about = practice.channels.find((one) => one.id === channel);
  if (!about) return <p class="empty">There is no such channel.</p>;
  return (
    <section class="pane" aria-label={`Channel ${about.name}`}>
      <header class="pane-head">
        <h2>#{about.name}</h2>
        {about.topic && <p class="topic">{about.topic}</p>}
      </header>
      <MessageList
        key={channel}
        messages={channelMessages(practice, channel)}
        label={`Messages in #${about.name}`}
        empty={`Nothing has been said in #${about.name} yet. Type / for the commands.`}
        onOpenThread={onOpenThread}
      />
      <Composer key={`say-${channel}`} practice={practice} channel={channel} label={`Message #${about.name}`} />
    </section>
  );
}

/** The frame: sidebar, what is open in the middle, and a thread or the practice controls on the right. */

import { type Dispatch, useEffect, useState } from "preact/hooks";
import { Icon } from "../icons.tsx";
import type { Change } from "../session.tsx";
import { channelMessages, directChannel, type Practice, unreadCount } from "../state/practice.ts";
import type { Place } from "../state/route.ts";
import { usePlace } from "../state/use_place.ts";
import { useReadUpTo } from "../state/use_read.ts";
import { AppPane } from "./app_pane.tsx";
import { ChannelPane } from "./channel_pane.tsx";
import { Controls } from "./controls.tsx";
import { Sidebar } from "./sidebar.tsx";
import { ThreadPane } from "./thread_pane.tsx";

interface WorkspaceProps {
  practice: Practice;
  connected: boolean;
  onActAs(user: string): void;
  dispatch: Dispatch<Change>;
}

export function Workspace({ practice, connected, onActAs, dispatch }: WorkspaceProps) {
  const [place, go] = usePlace({ kind: "channel", channel: practice.channels[0]?.id ?? "", thread: null });
  const [controls, setControls] = useState(false);
  const [read, markRead] = useReadUpTo(practice.user);
  const channel = channelOf(place, practice);
  const thread = place.kind === "menu" ? null : place.thread;

  const lastTs = channel ? channelMessages(practice, channel).at(-1)?.ts : undefined;
  useEffect(() => {
    if (channel && lastTs) markRead(channel, lastTs);
  }, [channel, lastTs, markRead]);

  const unread = practice.channels.reduce((sum, { id }) => sum + unreadCount(practice, id, read[id] ?? ""), 0);
  useEffect(() => {
    document.title = unread ? `(${unread}) Practice Slack` : "Practice Slack";
  }, [unread]);

  function open(next: Place): void {
    if (next.kind !== "menu" && next.thread) setControls(false);
    go(next);
  }
  const openThread = (ts: string): void => place.kind !== "menu" ? open({ ...place, thread: ts }) : undefined;
  const showsThread = thread !== null && channel !== null && !controls;

  return (
    <div class={`workspace at-${place.kind}${showsThread || controls ? " with-right" : ""}`}>
      <header class="strip">
        <button type="button" class="icon menu-button" aria-label="Channels and people" onClick={() => open({ kind: "menu" })}><Icon name="menu" size={22} /></button>
        <strong class="practice-label">Practice Slack — not Slack</strong>
        {!connected && <span class="reconnecting" role="status">Reconnecting…</span>}
        <button type="button" class="controls-button" aria-expanded={controls} onClick={() => setControls(!controls)}>
          Practice controls
        </button>
      </header>
      <Sidebar practice={practice} place={place} read={read} onOpen={open} onActAs={onActAs} />
      <main class="middle">
        {place.kind === "app" ? (
          <AppPane practice={practice} tab={place.tab} onOpen={open} onOpenThread={openThread} />
        ) : (
          <ChannelPane practice={practice} channel={channel ?? ""} onOpenThread={openThread} />
        )}
      </main>
      {showsThread && (
        <ThreadPane practice={practice} channel={channel} threadTs={thread} onClose={() => open({ ...place, thread: null } as Place)} />
      )}
      {controls && <Controls practice={practice} dispatch={dispatch} onClose={() => setControls(false)} />}
    </div>
  );
}

function channelOf(place: Place, practice: Practice): string | null {
  if (place.kind === "app") return place.tab === "messages" ? directChannel(practice) : null;
  if (place.kind === "channel" && practice.channels.some((one) => one.id === place.channel)) return place.channel;
  return practice.channels[0]?.id ?? null;
}

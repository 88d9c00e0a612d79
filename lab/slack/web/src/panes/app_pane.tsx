/** The app: its Home tab and the direct messages with it. */

import { useEffect } from "preact/hooks";
import { Blocks } from "../blocks/block.tsx";
import { BlockHostProvider, useBlockHost, useDesk } from "../blocks/host.tsx";
import { channelMessages, directChannel, type Practice } from "../state/practice.ts";
import type { Place } from "../state/route.ts";
import type { View } from "../wire/api.ts";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message_list.tsx";

interface AppPaneProps {
  practice: Practice;
  tab: "home" | "messages";
  onOpen(place: Place): void;
  onOpenThread(ts: string): void;
}

export function AppPane({ practice, tab, onOpen, onOpenThread }: AppPaneProps) {
  const { server, failed } = useDesk();
  const name = practice.app.name;

  useEffect(() => {
    if (tab !== "home") return;
    void server.openHome().then((answer) => {
      if (!answer.ok) failed(answer, `The home of ${name}`);
    });
  }, [tab, server, failed, name]);

  return (
    <section class="pane" aria-label={name}>
      <header class="pane-head tabs">
        <h2>{name} <span class="app-badge">APP</span></h2>
        <div role="tablist" aria-label={name}>
          {(["home", "messages"] as const).map((one) => (
            <button
              key={one}
              type="button"
              role="tab"
              aria-selected={tab === one}
              onClick={() => onOpen({ kind: "app", tab: one, thread: null })}
            >
              {one === "home" ? "Home" : "Messages"}
            </button>
          ))}
        </div>
      </header>
      {tab === "home" ? <Home view={practice.home} name={name} /> : <Direct practice={practice} onOpenThread={onOpenThread} />}
    </section>
  );
}

function Home({ view, name }: { view: View | null; name: string }) {
  if (!view) return <p class="empty">{name} has not published a home for you yet.</p>;
  return <HomeView key={view.id} view={view} />;
}

function HomeView({ view }: { view: View }) {
  const host = useBlockHost({ type: "view", view_id: view.id }, view.blocks, view.state?.values);
  return (
    <div class="home" role="tabpanel" aria-label="Home" data-testid="home" tabIndex={0}>
      <BlockHostProvider value={host}><Blocks blocks={view.blocks} /></BlockHostProvider>
    </div>
  );
}

function Direct({ practice, onOpenThread }: Pick<AppPaneProps, "practice" | "onOpenThread">) {
  const channel = directChannel(practice);
  const name = practice.app.name;
  if (!channel) return <p class="empty">There are no direct messages with {name} yet.</p>;
  return (
    <>
      <MessageList
        messages={channelMessages(practice, channel)}
        label={`Messages with ${name}`}
        empty={`There are no direct messages with ${name} yet.`}
        onOpenThread={onOpenThread}
      />
      <Composer practice={practice} channel={channel} label={`Message ${name}`} />
    </>
  );
}

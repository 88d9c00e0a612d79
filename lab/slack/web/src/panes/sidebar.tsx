/** The left column: channels, the app, and who acts. */

import { Icon } from "../icons.tsx";
import { displayName } from "../reader.tsx";
import { directChannel, type Practice, unreadCount } from "../state/practice.ts";
import type { Place } from "../state/route.ts";
import { Avatar } from "./avatar.tsx";

interface SidebarProps {
  practice: Practice;
  place: Place;
  read: Record<string, string>;
  onOpen(place: Place): void;
  onActAs(user: string): void;
}

export function Sidebar({ practice, place, read, onOpen, onActAs }: SidebarProps) {
  const channels = practice.channels.filter((channel) => !channel.id.startsWith("D"));
  const direct = directChannel(practice);
  const shown = place.kind === "channel" ? place.channel : channels[0]?.id;
  return (
    <nav class="sidebar" aria-label="Workspace">
      <h1>{practice.team.name}</h1>
      <h2 id="channels-heading">Channels</h2>
      <ul aria-labelledby="channels-heading">
        {channels.map(({ id, name }) => (
          <li key={id}>
            <Entry
              current={place.kind !== "app" && id === shown}
              unread={unreadCount(practice, id, read[id] ?? "")}
              onClick={() => onOpen({ kind: "channel", channel: id, thread: null })}
            >
              <span class="hash" aria-hidden="true">#</span> {name}
            </Entry>
          </li>
        ))}
      </ul>
      <h2 id="apps-heading">Apps</h2>
      <ul aria-labelledby="apps-heading">
        <li>
          <Entry
            current={place.kind === "app"}
            unread={direct ? unreadCount(practice, direct, read[direct] ?? "") : 0}
            onClick={() => onOpen({ kind: "app", tab: "home", thread: null })}
          >
            <Avatar id={practice.app.bot_user_id} name={practice.app.name} app /> {practice.app.name}
          </Entry>
        </li>
      </ul>
      <UserSwitcher practice={practice} onActAs={onActAs} />
    </nav>
  );
}

interface EntryProps {
  current: boolean;
  unread: number;
  onClick(): void;
  children: preact.ComponentChildren;
}

function Entry({ current, unread, onClick, children }: EntryProps) {
  return (
    <button type="button" class={`entry${unread ? " unread" : ""}`} aria-current={current ? "page" : undefined} onClick={onClick}>
      <span class="entry-name">{children}</span>
      {unread > 0 && <span class="badge" aria-label={`${unread} unread`}>{unread}</span>}
    </button>
  );
}

function UserSwitcher({ practice, onActAs }: Pick<SidebarProps, "practice" | "onActAs">) {
  const people = practice.users.filter((user) => !user.is_bot);
  const me = practice.users.find((user) => user.id === practice.user);
  return (
    <div class="switcher">
      <Avatar id={practice.user} name={displayName(me, practice.user)} />
      <label>
        <span>Acting as</span>
        <select value={practice.user} onChange={(event) => onActAs(event.currentTarget.value)}>
          {people.map((person) => <option key={person.id} value={person.id}>{displayName(person, person.id)}</option>)}
        </select>
      </label>
      <a class="icon" href={`?user=${encodeURIComponent(practice.user)}`} target="_blank" rel="noopener" aria-label="Open another window" title="Open another window, to be two people at once"><Icon name="windows" /></a>
    </div>
  );
}

/** Who reads the page: names for ids, and the time zone and clock that dates are told by. */

import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import type { Practice } from "./state/practice.ts";
import type { Channel, User, UserGroup } from "./wire/api.ts";

const TICK = 15_000;

export interface Reader {
  user: string;
  timeZone: string;
  /** Seconds since the epoch, refreshed every 15 s. */
  now: number;
  users: ReadonlyMap<string, User>;
  channels: ReadonlyMap<string, Channel>;
  groups: ReadonlyMap<string, UserGroup>;
}

const NOBODY: Reader = {
  user: "",
  timeZone: "UTC",
  now: 0,
  users: new Map(),
  channels: new Map(),
  groups: new Map(),
};

const Context = createContext<Reader>(NOBODY);

export function useReader(): Reader {
  return useContext(Context);
}

export function ReaderProvider({ practice, children }: { practice: Practice; children: ComponentChildren }) {
  const now = useNow();
  const { user, users, channels, user_groups: groups } = practice;
  const names = useMemo(() => ({ users: byId(users), channels: byId(channels), groups: byId(groups) }), [
    users,
    channels,
    groups,
  ]);
  const reader = useMemo(
    () => ({ user, now, timeZone: knownZone(names.users.get(user)?.tz), ...names }),
    [user, now, names],
  );
  return <Context.Provider value={reader}>{children}</Context.Provider>;
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now() / 1000), TICK);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

function byId<T extends { id: string }>(list: T[]): Map<string, T> {
  return new Map(list.map((one) => [one.id, one]));
}

function knownZone(name: string | undefined): string {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: name || "UTC" }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}

export function displayName(user: User | undefined, fallback: string): string {
  return user?.real_name || user?.name || fallback;
}

/** Up to which message each channel was read, kept in the browser per person. */

import { useCallback, useState } from "preact/hooks";

type ReadUpTo = Record<string, string>;

export function useReadUpTo(user: string): [ReadUpTo, (channel: string, ts: string) => void] {
  const key = `practice-slack:read:${user}`;
  const [read, setRead] = useState<ReadUpTo>(() => load(key));
  const mark = useCallback(
    (channel: string, ts: string) =>
      setRead((before) => {
        if ((before[channel] ?? "") >= ts) return before;
        const after = { ...before, [channel]: ts };
        save(key, after);
        return after;
      }),
    [key],
  );
  return [read, mark];
}

function load(key: string): ReadUpTo {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as ReadUpTo;
  } catch {
    return {};
  }
}

function save(key: string, read: ReadUpTo): void {
  try {
    localStorage.setItem(key, JSON.stringify(read));
  } catch {
    // A browser that stores nothing counts anew after each reload; nothing else depends on it.
  }
}

/** Short notices at the foot of the page, such as an action that the app did not answer. */

import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../icons.tsx";
import type { Answer } from "../wire/api.ts";

const SHOWN_FOR = 10_000;
const TOGETHER = 400;

interface Toast {
  id: number;
  text: string;
}

export interface ToastList {
  list: Toast[];
  add(text: string): void;
  /** Adds what the server itself tells the person. */
  told(text: string): void;
  /** Adds the refusal of something, unless the server told of a failure at about the same time. */
  failed(answer: Answer, what: string): void;
  remove(id: number): void;
}

export function useToasts(): ToastList {
  const [list, setList] = useState<Toast[]>([]);
  const next = useRef(1);
  const lastTold = useRef(0);
  const remove = useCallback((id: number) => setList((before) => before.filter((toast) => toast.id !== id)), []);
  const add = useCallback(
    (text: string) => {
      const id = next.current++;
      // The same notice twice is shown once, for its full time.
      setList((before) => [...before.filter((toast) => toast.text !== text), { id, text }].slice(-4));
      window.setTimeout(remove, SHOWN_FOR, id);
    },
    [remove],
  );
  const told = useCallback(
    (text: string) => {
      lastTold.current = Date.now();
      add(text);
    },
    [add],
  );
  const failed = useCallback(
    (answer: Answer, what: string) => {
      const asked = Date.now();
      // Notice and answer come by different ways, in any order.
      window.setTimeout(() => {
        if (lastTold.current < asked - TOGETHER) add(`${what} failed: ${answer.error ?? "unknown error"}`);
      }, TOGETHER);
    },
    [add],
  );
  return useMemo(() => ({ list, add, told, failed, remove }), [list, add, told, failed, remove]);
}

export function Toasts({ toasts }: { toasts: ToastList }) {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.list.map((toast) => (
        <div key={toast.id} class="toast" data-testid="notice">
          <span>{toast.text}</span>
          <button type="button" class="icon" aria-label="Dismiss notice" onClick={() => toasts.remove(toast.id)}><Icon name="close" /></button>
        </div>
      ))}
    </div>
  );
}

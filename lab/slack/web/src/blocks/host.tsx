/** Where blocks are drawn: a message, a modal or App Home, with its form and its way to send actions. */

import { createContext } from "preact";
import { useCallback, useContext, useMemo, useRef, useState } from "preact/hooks";
import type { Server } from "../server.ts";
import { formValues, withValue } from "../state/form.ts";
import type { Action, Answer, Container, FormValues } from "../wire/api.ts";
import type { Block, Confirmation, ElementValue } from "../wire/blocks.ts";

export interface BlockHost {
  values: FormValues;
  set(block: string, value: ElementValue, action: string): void;
  /** Sends a block action, after its confirmation; false when the person thought better of it. */
  act(action: Action, confirmation: Confirmation | undefined): Promise<boolean>;
}

const Context = createContext<BlockHost | null>(null);
export const BlockHostProvider = Context.Provider;

export function useHost(): BlockHost {
  const host = useContext(Context);
  if (!host) throw new Error("Blocks must stand inside a BlockHostProvider");
  return host;
}

/** What the whole page offers to whatever is drawn on it. */
export interface Desk {
  server: Server;
  notify(text: string): void;
  /** Says that the server refused something, unless its own notice says so already. */
  failed(answer: Answer, what: string): void;
  ask(confirmation: Confirmation): Promise<boolean>;
}

const DeskContext = createContext<Desk | null>(null);
export const DeskProvider = DeskContext.Provider;

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("This must stand inside a DeskProvider");
  return desk;
}

/** A form over the given blocks. Values that the person changed outlive an update of the blocks. */
export function useBlockHost(container: Container, blocks: Block[], saved: FormValues = {}): BlockHost {
  const { server, ask, failed } = useDesk();
  const [changed, setChanged] = useState<FormValues>(saved);
  const values = useMemo(() => formValues(blocks, changed), [blocks, changed]);
  // An action carries the values as they are when it is sent, its own change included.
  const latest = useRef(values);
  latest.current = values;

  const set = useCallback((block: string, value: ElementValue, action: string) => {
    latest.current = withValue(latest.current, block, action, value);
    setChanged((before) => withValue(before, block, action, value));
  }, []);
  const key = JSON.stringify(container);
  const act = useCallback(
    async (action: Action, confirmation: Confirmation | undefined) => {
      if (confirmation && !(await ask(confirmation))) return false;
      const answer = await server.act(JSON.parse(key) as Container, action, latest.current);
      if (!answer.ok) failed(answer, "That");
      return true;
    },
    [server, ask, failed, key],
  );
  return useMemo(() => ({ values, set, act }), [values, set, act]);
}

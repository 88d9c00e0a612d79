/** One person's session: follows the server and offers the desk to everything drawn below it. */

import { useEffect, useMemo, useReducer, useState } from "preact/hooks";
import { DeskProvider } from "./blocks/host.tsx";
import { follow } from "./events.ts";
import { ConfirmDialog, useConfirmation } from "./panes/confirm.tsx";
import { ModalStack } from "./panes/modal_stack.tsx";
import { Toasts, useToasts } from "./panes/toasts.tsx";
import { Workspace } from "./panes/workspace.tsx";
import { ReaderProvider } from "./reader.tsx";
import { Server } from "./server.ts";
import { afterEvent, fromServer, type Practice, withErrors, withFault, withFaults } from "./state/practice.ts";
import type { ServerEvent, SlackFault, State } from "./wire/api.ts";

export type Change =
  | { kind: "loaded"; state: State }
  | { kind: "event"; event: ServerEvent }
  | { kind: "errors"; viewId: string; errors: Record<string, string> }
  | { kind: "fault"; name: string; active: boolean }
  | { kind: "faults"; faults: SlackFault[] };

function changed(practice: Practice | null, change: Change): Practice | null {
  if (change.kind === "loaded") return fromServer(change.state);
  if (!practice) return null;
  if (change.kind === "event") return afterEvent(practice, change.event);
  if (change.kind === "errors") return withErrors(practice, change.viewId, change.errors);
  if (change.kind === "faults") return withFaults(practice, change.faults);
  return withFault(practice, change.name, change.active);
}

interface SessionProps {
  user: string;
  onActAs(user: string): void;
}

export function Session({ user, onActAs }: SessionProps) {
  const server = useMemo(() => new Server(user), [user]);
  const [practice, dispatch] = useReducer(changed, null);
  const [connected, setConnected] = useState(true);
  const toasts = useToasts();
  const confirmation = useConfirmation();
  const desk = useMemo(
    () => ({ server, notify: toasts.add, failed: toasts.failed, ask: confirmation.ask }),
    [server, toasts.add, toasts.failed, confirmation.ask],
  );

  useEffect(
    () =>
      follow(server, {
        loaded: (state) => dispatch({ kind: "loaded", state }),
        event: (event) => {
          if (event.type === "notice") toasts.told(event.text);
          dispatch({ kind: "event", event });
        },
        connected: setConnected,
      }),
    [server, toasts.told],
  );

  if (!practice) return <p class="loading" role="status">{connected ? "Loading…" : "Waiting for the practice Slack…"}</p>;
  return (
    <DeskProvider value={desk}>
      <ReaderProvider practice={practice}>
        <Workspace practice={practice} connected={connected} onActAs={onActAs} dispatch={dispatch} />
        <ModalStack practice={practice} dispatch={dispatch} />
        {confirmation.asked && <ConfirmDialog asked={confirmation.asked} />}
        <Toasts toasts={toasts} />
      </ReaderProvider>
    </DeskProvider>
  );
}

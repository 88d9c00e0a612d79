/** The stream of events: connects, loads the state, replays what came meanwhile, and starts over when it drops. */

import type { Server } from "./server.ts";
import type { ServerEvent, State } from "./wire/api.ts";

const FIRST_RETRY = 250;
const LONGEST_RETRY = 4000;

export interface EventsListener {
  loaded(state: State): void;
  event(event: ServerEvent): void;
  connected(yes: boolean): void;
}

/** Follows the server until the returned function is called. */
export function follow(server: Server, listener: EventsListener): () => void {
  let socket: WebSocket | null = null;
  let timer = 0;
  let wait = FIRST_RETRY;
  let stopped = false;

  function connect(): void {
    const current = new WebSocket(server.eventsUrl());
    socket = current;
    // The state is asked for only once the socket is open, so no event falls between the two.
    let waiting: ServerEvent[] | null = [];
    current.onopen = async () => {
      try {
        const state = await server.state();
        if (stopped || current !== socket) return;
        listener.loaded(state);
        waiting?.forEach((event) => listener.event(event));
        waiting = null;
        wait = FIRST_RETRY;
        listener.connected(true);
      } catch {
        current.close();
      }
    };
    current.onmessage = (message) => {
      const event = JSON.parse(String(message.data)) as ServerEvent;
      if (waiting) waiting.push(event);
      else listener.event(event);
    };
    current.onclose = () => {
      if (stopped || current !== socket) return;
      listener.connected(false);
      timer = window.setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_RETRY);
    };
  }

  connect();
  return () => {
    stopped = true;
    window.clearTimeout(timer);
    socket?.close();
  };
}

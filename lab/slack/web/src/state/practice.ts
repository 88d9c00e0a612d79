/** What this page knows, and how each event changes it. Pure: every function returns a new value. */

import type { Message, ServerEvent, SlackFault, State, View } from "../wire/api.ts";

export interface Practice extends State {
  /** Errors that the app gave for a modal's inputs: by view id, then block_id. */
  viewErrors: Record<string, Record<string, string>>;
  controlStatus: Record<string, unknown>;
}

export function fromServer(state: State): Practice {
  return { ...state, viewErrors: {}, controlStatus: state.controls_status ?? {} };
}

export function afterEvent(practice: Practice, event: ServerEvent): Practice {
  switch (event.type) {
    case "message":
    case "message_changed":
      return withMessage(practice, event.message);
    case "message_deleted":
      return withoutMessage(practice, event.channel, event.ts);
    case "view_opened":
      return { ...practice, views: [event.view], viewErrors: {} };
    case "view_pushed":
      return { ...practice, views: [...practice.views.filter((view) => view.id !== event.view.id), event.view] };
    case "view_updated":
      return withView(practice, event.view);
    case "view_closed":
      return withoutView(practice, event.view_id, event.clear);
    case "view_errors":
      return withErrors(practice, event.view_id, event.errors);
    case "home":
      return { ...practice, home: event.view };
    case "controls":
      return { ...practice, controlStatus: event.status };
    default:
      return practice;
  }
}

function withMessage(practice: Practice, message: Message): Practice {
  const others = (practice.messages[message.channel] ?? []).filter((one) => one.ts !== message.ts);
  const last = others.at(-1);
  const list = [...others, message];
  if (last && last.ts > message.ts) list.sort((a, b) => (a.ts < b.ts ? -1 : 1));
  return { ...practice, messages: { ...practice.messages, [message.channel]: list } };
}

function withoutMessage(practice: Practice, channel: string, ts: string): Practice {
  const left = (practice.messages[channel] ?? []).filter((one) => one.ts !== ts);
  return { ...practice, messages: { ...practice.messages, [channel]: left } };
}

function withView(practice: Practice, view: View): Practice {
  const { [view.id]: _mended, ...viewErrors } = practice.viewErrors;
  if (practice.home?.id === view.id) return { ...practice, home: view };
  return { ...practice, viewErrors, views: practice.views.map((one) => (one.id === view.id ? view : one)) };
}

function withoutView(practice: Practice, viewId: string, clear: boolean): Practice {
  return { ...practice, views: clear ? [] : practice.views.filter((view) => view.id !== viewId) };
}

export function withErrors(practice: Practice, viewId: string, errors: Record<string, string>): Practice {
  return { ...practice, viewErrors: { ...practice.viewErrors, [viewId]: errors } };
}

export function withFault(practice: Practice, name: string, active: boolean): Practice {
  return withFaults(practice, practice.slack_faults.map((fault) => (fault.name === name ? { ...fault, active } : fault)));
}

export function withFaults(practice: Practice, faults: SlackFault[]): Practice {
  return { ...practice, slack_faults: faults };
}

/** What a channel itself shows: no replies, unless they were sent to the channel too. */
export function channelMessages(practice: Practice, channel: string): Message[] {
  return (practice.messages[channel] ?? []).filter((message) => !isHiddenReply(message));
}

/** The parent (if it is still there) and its replies, oldest first. */
export function threadMessages(practice: Practice, channel: string, threadTs: string): Message[] {
  return (practice.messages[channel] ?? []).filter((one) => one.ts === threadTs || one.thread_ts === threadTs);
}

function isHiddenReply(message: Message): boolean {
  const isReply = message.thread_ts !== undefined && message.thread_ts !== message.ts;
  return isReply && message.subtype !== "thread_broadcast";
}

/** How many messages of others in the channel came after `readTs`. */
export function unreadCount(practice: Practice, channel: string, readTs: string): number {
  return channelMessages(practice, channel).filter((one) => one.ts > readTs && one.user !== practice.user).length;
}

/** The person's direct messages with the app, once there are any. */
export function directChannel(practice: Practice): string | null {
  const named = practice.channels.find((channel) => channel.id.startsWith("D"));
  return named?.id ?? Object.keys(practice.messages).find((id) => id.startsWith("D")) ?? null;
}

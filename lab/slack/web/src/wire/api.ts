/** What the practice Slack's server says to this page, and what the page says to it. */

import type { Block, ElementValue, TextObject } from "./blocks.ts";

export interface User {
  id: string;
  name: string;
  real_name: string;
  tz: string;
  is_bot: boolean;
}

export interface UserGroup {
  id: string;
  handle: string;
  name: string;
  users: string[];
}

export interface Channel {
  id: string;
  name: string;
  topic?: string;
}

export interface App {
  app_id: string;
  bot_user_id: string;
  name: string;
}

export interface Command {
  command: string;
  description: string;
  usage_hint: string;
  completions?: { text: string; description: string }[];
}

export interface FileInfo {
  id: string;
  name: string;
  title?: string;
  mimetype?: string;
  size?: number;
}

export interface Attachment {
  color?: string;
  pretext?: string;
  title?: string;
  title_link?: string;
  text?: string;
  fallback?: string;
  fields?: { title: string; value: string; short?: boolean }[];
  footer?: string;
  ts?: string | number;
  blocks?: Block[];
}

export interface Message {
  channel: string;
  ts: string;
  user: string;
  username?: string;
  bot_id?: string;
  subtype?: string;
  text: string;
  blocks: Block[];
  attachments?: Attachment[];
  thread_ts?: string;
  reply_count?: number;
  latest_reply?: string;
  reply_users?: string[];
  edited?: { user: string; ts: string };
  files?: FileInfo[];
  reactions?: { name: string; users: string[]; count?: number }[];
  ephemeral?: boolean;
}

/** Values of a form by block_id and action_id, as in Slack's `state.values`. */
export type FormValues = Record<string, Record<string, ElementValue>>;

export interface View {
  id: string;
  type: "modal" | "home";
  callback_id?: string;
  title?: TextObject;
  submit?: TextObject | null;
  close?: TextObject | null;
  submit_disabled?: boolean;
  clear_on_close?: boolean;
  blocks: Block[];
  state?: { values: FormValues };
  root_view_id?: string;
  previous_view_id?: string | null;
  hash?: string;
}

export type ControlTarget = string | { value: string; title: string };

export interface Control {
  name: string;
  title: string;
  description: string;
  targets: ControlTarget[];
}

export interface SlackFault {
  name: string;
  title: string;
  active: boolean;
}

export interface State {
  team: { id: string; name: string };
  user: string;
  users: User[];
  user_groups: UserGroup[];
  channels: Channel[];
  app: App;
  commands: Command[];
  messages: Record<string, Message[]>;
  views: View[];
  home: View | null;
  controls: Control[];
  controls_status?: Record<string, unknown>;
  slack_faults: SlackFault[];
}

export type ServerEvent =
  | { type: "message" | "message_changed"; message: Message }
  | { type: "message_deleted"; channel: string; ts: string }
  | { type: "view_opened" | "view_updated" | "view_pushed" | "home"; view: View }
  | { type: "view_closed"; view_id: string; clear: boolean }
  | { type: "view_errors"; view_id: string; errors: Record<string, string> }
  | { type: "notice"; text: string }
  | { type: "controls"; status: Record<string, unknown> };

export type Container = { type: "message"; channel: string; ts: string } | { type: "view"; view_id: string };

/** The part of a block_actions payload that this page makes; the server adds the rest. */
export interface Action extends ElementValue {
  action_id: string;
  block_id: string;
  text?: TextObject;
  style?: string;
}

export interface Answer {
  ok: boolean;
  error?: string;
  errors?: Record<string, string>;
  text?: string;
  slack_faults?: SlackFault[];
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { completions, splitCommand } from "../src/state/completions.ts";
import { afterEvent, channelMessages, fromServer, type Practice, threadMessages, unreadCount } from "../src/state/practice.ts";
import { hashFor, placeFromHash } from "../src/state/route.ts";
import type { Message, State, View } from "../src/wire/api.ts";

const view = (id: string): View => ({ id, type: "modal", blocks: [] });

function message(ts: string, more: Partial<Message> = {}): Message {
  return { channel: "C1", ts, user: "U2", text: ts, blocks: [], ...more };
}

function practice(...messages: Message[]): Practice {
  const state: State = {
    team: { id: "T1", name: "Practice" },
    user: "U1",
    users: [],
    user_groups: [],
    channels: [{ id: "C1", name: "ops" }],
    app: { app_id: "A1", bot_user_id: "U9", name: "Understudy" },
    commands: [],
    messages: { C1: messages },
    views: [],
    home: null,
    controls: [],
    slack_faults: [],
  };
  return fromServer(state);
}

test("a message that comes twice is shown once, and a late one in its place", () => {
  let now = practice(message("2.0"));
  for (const ts of ["3.0", "1.0", "3.0"]) now = afterEvent(now, { type: "message", message: message(ts) });
  assert.deepEqual(channelMessages(now, "C1").map((one) => one.ts), ["1.0", "2.0", "3.0"]);
});

test("replies stand in their thread alone, unless sent to the channel too", () => {
  const now = practice(
    message("1.0", { thread_ts: "1.0" }),
    message("2.0", { thread_ts: "1.0" }),
    message("3.0", { thread_ts: "1.0", subtype: "thread_broadcast" }),
  );
  assert.deepEqual(channelMessages(now, "C1").map((one) => one.ts), ["1.0", "3.0"]);
  assert.deepEqual(threadMessages(now, "C1", "1.0").map((one) => one.ts), ["1.0", "2.0", "3.0"]);
});

test("one's own messages are never unread", () => {
  assert.equal(unreadCount(practice(message("1.0"), message("2.0"), message("3.0", { user: "U1" })), "C1", "1.0"), 1);
});

test("modals stack: opened, pushed, updated, closed one by one or all at once", () => {
  let now = afterEvent(practice(), { type: "view_opened", view: view("V1") });
  now = afterEvent(now, { type: "view_pushed", view: view("V2") });
  now = afterEvent(now, { type: "view_errors", view_id: "V2", errors: { b: "no" } });
  assert.deepEqual(now.viewErrors, { V2: { b: "no" } });
  now = afterEvent(now, { type: "view_updated", view: { ...view("V2"), callback_id: "new" } });
  assert.deepEqual([now.views.map((one) => one.id), now.views[1]?.callback_id, now.viewErrors], [["V1", "V2"], "new", {}]);
  assert.deepEqual(afterEvent(now, { type: "view_closed", view_id: "V2", clear: false }).views, [view("V1")]);
  assert.deepEqual(afterEvent(now, { type: "view_closed", view_id: "V2", clear: true }).views, []);
});

test("a slash offers commands, then what the command takes", () => {
  const ha = {
    command: "/ha",
    description: "Look after the pairs",
    usage_hint: "status | help",
    completions: [{ text: "status", description: "" }, { text: "status shop", description: "" }, { text: "help", description: "" }],
  };
  assert.deepEqual(completions("/", [ha]).map((one) => one.label), ["/ha status | help"]);
  assert.deepEqual(completions("/ha st", [ha]).map((one) => one.text), ["/ha status", "/ha status shop"]);
  assert.deepEqual(completions("say /ha", [ha]), []);
  assert.deepEqual(splitCommand("/ha  status shop \n"), { command: "/ha", text: "status shop" });
  assert.equal(splitCommand("not /ha"), null);
});

test("places survive the address", () => {
  for (const hash of ["#/menu", "#/C1", "#/C1/1.0", "#/app/home", "#/app/messages/2.0"]) {
    const place = placeFromHash(hash);
    assert.ok(place);
    assert.equal(hashFor(place), hash);
  }
  assert.equal(placeFromHash(""), null);
});

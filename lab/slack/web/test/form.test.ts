import assert from "node:assert/strict";
import { test } from "node:test";
import { clientErrors, formValues, withValue } from "../src/state/form.ts";
import type { Block, InputElement } from "../src/wire/blocks.ts";

function input(id: string, element: Partial<InputElement> = {}, more: object = {}): Block {
  const text = { type: "plain_text_input", action_id: "typed", ...element };
  return { type: "input", block_id: id, label: { type: "plain_text", text: id }, element: text, ...more };
}

const option = { text: { type: "plain_text" as const, text: "b" }, value: "b" };
const blocks: Block[] = [
  input("name"),
  input("note", { initial_value: "as before" }, { optional: true }),
  { type: "actions", block_id: "act", elements: [{ type: "static_select", action_id: "to", initial_option: option }] },
];

test("a form begins with what the app set", () => {
  assert.deepEqual(formValues(blocks, {}), {
    name: { typed: { type: "plain_text_input", value: null } },
    note: { typed: { type: "plain_text_input", value: "as before" } },
    act: { to: { type: "static_select", selected_option: option } },
  });
});

test("what was typed outlives an update of the blocks, where the field is the same", () => {
  const changed = withValue({}, "name", "typed", { type: "plain_text_input", value: "shop" });
  assert.equal(formValues([...blocks].reverse(), changed)["name"]?.["typed"]?.value, "shop");
  assert.equal(formValues([input("name", { type: "number_input" })], changed)["name"]?.["typed"]?.value, null);
});

test("required fields and limits are refused before the app is asked", () => {
  const typed = (value: string) => ({ name: { typed: { type: "plain_text_input", value } } });
  assert.deepEqual(clientErrors(blocks, formValues(blocks, {})), { name: "Please complete this required field." });
  assert.deepEqual(clientErrors(blocks, formValues(blocks, typed("shop"))), {});
  const long = [input("name", { min_length: 3 })];
  assert.deepEqual(clientErrors(long, formValues(long, typed("ab"))), { name: "Use at least 3 characters." });
  const number = [input("n", { type: "number_input", initial_value: "1.5", is_decimal_allowed: false })];
  assert.deepEqual(clientErrors(number, formValues(number, {})), { n: "Enter a whole number." });
});

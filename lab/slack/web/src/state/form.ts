/** The values of the elements in a list of blocks: what the app set at first, unless the person changed it. */

import type { FormValues } from "../wire/api.ts";
import type { Block, Element, ElementValue, InputElement } from "../wire/blocks.ts";
import { blockId } from "../wire/blocks.ts";

const STATELESS = new Set(["button", "workflow_button", "overflow", "image"]);

export function isInput(element: Element): element is InputElement {
  return !STATELESS.has(element.type);
}

/** Values for all elements of these blocks; `changed` counts where block_id, action_id and type still fit. */
export function formValues(blocks: Block[], changed: FormValues): FormValues {
  const values: FormValues = {};
  blocks.forEach((block, index) => {
    const id = blockId(block, index);
    for (const element of inputsOf(block)) {
      const kept = changed[id]?.[element.action_id];
      const value = kept?.type === element.type ? kept : initialValue(element);
      values[id] = { ...values[id], [element.action_id]: value };
    }
  });
  return values;
}

export function withValue(values: FormValues, block: string, action: string, value: ElementValue): FormValues {
  return { ...values, [block]: { ...values[block], [action]: value } };
}

function inputsOf(block: Block): InputElement[] {
  if (block.type === "input") return [block.element];
  if (block.type === "section" && block.accessory) return [block.accessory].filter(isInput);
  if (block.type === "actions") return block.elements.filter(isInput);
  return [];
}

export function initialValue(element: InputElement): ElementValue {
  const type = element.type;
  switch (type) {
    case "static_select":
    case "external_select":
    case "radio_buttons":
      return { type, selected_option: element.initial_option ?? null };
    case "multi_static_select":
    case "multi_external_select":
    case "checkboxes":
      return { type, selected_options: element.initial_options ?? [] };
    case "users_select":
      return { type, selected_user: element.initial_user ?? null };
    case "multi_users_select":
      return { type, selected_users: element.initial_users ?? [] };
    case "channels_select":
      return { type, selected_channel: element.initial_channel ?? null };
    case "multi_channels_select":
      return { type, selected_channels: element.initial_channels ?? [] };
    case "conversations_select":
      return { type, selected_conversation: element.initial_conversation ?? null };
    case "multi_conversations_select":
      return { type, selected_conversations: element.initial_conversations ?? [] };
    case "datepicker":
      return { type, selected_date: element.initial_date ?? null };
    case "timepicker":
      return { type, selected_time: element.initial_time ?? null };
    case "datetimepicker":
      return { type, selected_date_time: element.initial_date_time ?? null };
    default:
      return { type, value: element.initial_value === undefined ? null : String(element.initial_value) };
  }
}

export function isEmpty(value: ElementValue): boolean {
  const { type: _type, ...held } = value;
  return Object.values(held).every((one) => one === null || one === "" || (Array.isArray(one) && one.length === 0));
}

/** What Slack's own client refuses before it asks the app: by block_id, one line each. */
export function clientErrors(blocks: Block[], values: FormValues): Record<string, string> {
  const errors: Record<string, string> = {};
  blocks.forEach((block, index) => {
    if (block.type !== "input") return;
    const id = blockId(block, index);
    const value = values[id]?.[block.element.action_id];
    const error = value && inputError(block.element, value, block.optional === true);
    if (error) errors[id] = error;
  });
  return errors;
}

function inputError(element: InputElement, value: ElementValue, optional: boolean): string | null {
  if (isEmpty(value)) return optional ? null : "Please complete this required field.";
  const text = value.value;
  if (typeof text !== "string") return null;
  if (element.min_length && text.length < element.min_length) return `Use at least ${element.min_length} characters.`;
  if (element.max_length && text.length > element.max_length) return `Use at most ${element.max_length} characters.`;
  if (element.type === "number_input") return numberError(element, text);
  if (element.type === "email_text_input" && !/^\S+@\S+\.\S+$/.test(text)) return "Enter a valid email address.";
  if (element.type === "url_text_input" && !URL.canParse(text)) return "Enter a valid URL.";
  return null;
}

function numberError(element: InputElement, text: string): string | null {
  const number = Number(text);
  if (Number.isNaN(number)) return "Enter a number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Enter a whole number.";
  if (element.min_value !== undefined && number < Number(element.min_value)) return `At least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value)) return `At most ${element.max_value}.`;
  return null;
}

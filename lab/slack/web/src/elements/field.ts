/** What an element needs to know of the input block around it, and how it reads and changes its value. */

import { useHost } from "../blocks/host.tsx";
import { initialValue } from "../state/form.ts";
import { plain } from "../text/mrkdwn_view.tsx";
import type { ElementValue, InputElement } from "../wire/blocks.ts";

export interface Field {
  id: string;
  labelledBy: string;
  describedBy: string;
  invalid: boolean;
  required: boolean;
  /** Whether a change is sent to the app at once (`dispatch_action`). */
  dispatches: boolean;
}

export interface InputProps {
  element: InputElement;
  block: string;
  field: Field | undefined;
}

type Held = Omit<ElementValue, "type">;

export interface ValueOfElement {
  value: ElementValue;
  /** Keeps a value; sends it too where the element stands outside an input block or dispatches. */
  change(held: Held): Promise<void>;
  /** Keeps a value and sends nothing. */
  keep(held: Held): void;
  /** Sends the value as it stands. */
  send(held: Held): Promise<void>;
}

export function useValue({ element, block, field }: InputProps): ValueOfElement {
  const host = useHost();
  const { type, action_id: action } = element;
  const value = host.values[block]?.[action] ?? initialValue(element);
  const keep = (held: Held): void => host.set(block, { type, ...held }, action);
  const send = async (held: Held): Promise<void> => {
    keep(held);
    const sent = await host.act({ type, action_id: action, block_id: block, ...held }, element.confirm);
    if (!sent) host.set(block, value, action);
  };
  const change = async (held: Held): Promise<void> => (!field || field.dispatches ? send(held) : keep(held));
  return { value, change, keep, send };
}

/** Attributes that every control of the page carries, so that people, readers and tests find it. */
export function controlAttributes({ element, field }: InputProps) {
  const outside = field ? {} : { "aria-label": plain(element.placeholder) || element.action_id };
  return {
    "data-action-id": element.action_id,
    "data-autofocus": element.focus_on_load ? "" : undefined,
    id: field?.id,
    "aria-describedby": field?.describedBy || undefined,
    "aria-invalid": field?.invalid || undefined,
    "aria-required": field?.required || undefined,
    ...outside,
  };
}

/** The choices of a select of any kind as one list, and what choosing one means for the element's value. */

import { displayName, type Reader } from "../reader.tsx";
import { plain } from "../text/mrkdwn_view.tsx";
import type { ElementValue, InputElement, Option } from "../wire/blocks.ts";

export interface Choice {
  value: string;
  label: string;
  description: string;
  option: Option | null;
}

export interface ChoiceGroup {
  label: string | null;
  choices: Choice[];
}

export function choiceGroups(element: InputElement, reader: Reader): ChoiceGroup[] {
  if (element.type.endsWith("users_select")) return [{ label: null, choices: users(reader) }];
  if (element.type.endsWith("channels_select")) return [{ label: null, choices: channels(reader) }];
  if (element.type.endsWith("conversations_select")) {
    return [
      { label: "Channels", choices: channels(reader) },
      { label: "People", choices: users(reader) },
    ];
  }
  if (element.option_groups) {
    return element.option_groups.map((group) => ({ label: plain(group.label), choices: group.options.map(choice) }));
  }
  return [{ label: null, choices: (element.options ?? []).map(choice) }];
}

/** The values chosen now, as the choices name them. */
export function chosen(value: ElementValue): string[] {
  const { selected_option: option, selected_options: options } = value;
  if (option) return [option.value];
  if (options) return options.map((one) => one.value);
  const many = value.selected_users ?? value.selected_channels ?? value.selected_conversations;
  const one = value.selected_user ?? value.selected_channel ?? value.selected_conversation;
  return many ?? (one ? [one] : []);
}

/** The element's value once exactly these are chosen. */
export function holding(type: string, choices: Choice[]): Omit<ElementValue, "type"> {
  const ids = choices.map((one) => one.value);
  const first = ids[0] ?? null;
  const options = choices.flatMap((one) => (one.option ? [one.option] : []));
  switch (type) {
    case "users_select":
      return { selected_user: first };
    case "multi_users_select":
      return { selected_users: ids };
    case "channels_select":
      return { selected_channel: first };
    case "multi_channels_select":
      return { selected_channels: ids };
    case "conversations_select":
      return { selected_conversation: first };
    case "multi_conversations_select":
      return { selected_conversations: ids };
    case "static_select":
    case "radio_buttons":
      return { selected_option: options[0] ?? null };
    default:
      return { selected_options: options };
  }
}

function choice(option: Option): Choice {
  return { value: option.value, label: plain(option.text), description: plain(option.description), option };
}

function users(reader: Reader): Choice[] {
  return [...reader.users.values()].map((user) => ({
    value: user.id,
    label: displayName(user, user.id),
    description: user.is_bot ? "app" : `@${user.name}`,
    option: null,
  }));
}

function channels(reader: Reader): Choice[] {
  const named = [...reader.channels.values()].filter((channel) => !channel.id.startsWith("D"));
  return named.map(({ id, name }) => ({ value: id, label: `#${name}`, description: "", option: null }));
}

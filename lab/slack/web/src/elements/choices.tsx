/** Checkboxes and radio buttons. */

import { useId } from "preact/hooks";
import { Text } from "../text/mrkdwn_view.tsx";
import type { Option } from "../wire/blocks.ts";
import { type InputProps, useValue } from "./field.ts";
import { chosen } from "./options.ts";

export function Checkboxes(props: InputProps) {
  const { value, change } = useValue(props);
  const picked = new Set(chosen(value));
  const options = props.element.options ?? [];

  function toggle(one: Option): void {
    const next = options.filter((other) => (other.value === one.value ? !picked.has(one.value) : picked.has(other.value)));
    void change({ selected_options: next });
  }

  return (
    <Group props={props} role="group">
      {options.map((option) => (
        <label key={option.value} class="choice">
          <input type="checkbox" value={option.value} checked={picked.has(option.value)} onChange={() => toggle(option)} />
          <OptionText option={option} />
        </label>
      ))}
    </Group>
  );
}

export function RadioButtons(props: InputProps) {
  const name = useId();
  const { value, change } = useValue(props);
  const picked = chosen(value)[0];
  return (
    <Group props={props} role="radiogroup">
      {(props.element.options ?? []).map((option) => (
        <label key={option.value} class="choice">
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === picked}
            onChange={() => void change({ selected_option: option })}
          />
          <OptionText option={option} />
        </label>
      ))}
    </Group>
  );
}

interface GroupProps {
  props: InputProps;
  role: "group" | "radiogroup";
  children: preact.ComponentChildren;
}

function Group({ props: { element, field }, role, children }: GroupProps) {
  return (
    <div
      class="choice-list"
      role={role}
      data-action-id={element.action_id}
      id={field?.id}
      aria-labelledby={field?.labelledBy}
      aria-label={field ? undefined : element.action_id}
      aria-describedby={field?.describedBy || undefined}
    >
      {children}
    </div>
  );
}

function OptionText({ option }: { option: Option }) {
  return (
    <span>
      <Text text={option.text} />
      {option.description && <small><Text text={option.description} /></small>}
    </span>
  );
}

/** A menu with one choice, as the browser's own select: it works on every phone and with every reader. */

import { useReader } from "../reader.tsx";
import { plain } from "../text/mrkdwn_view.tsx";
import { controlAttributes, type InputProps, useValue } from "./field.ts";
import { type Choice, choiceGroups, chosen, holding } from "./options.ts";

export function Select(props: InputProps) {
  const { element } = props;
  const groups = choiceGroups(element, useReader());
  const { value, change } = useValue(props);
  const current = chosen(value)[0] ?? "";

  function choose(picked: string): void {
    const choices = groups.flatMap((group) => group.choices).filter((one) => one.value === picked);
    void change(holding(element.type, choices));
  }

  return (
    <select
      {...controlAttributes(props)}
      class={`select${current ? "" : " unset"}`}
      value={current}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      <option value="" disabled={!props.field || props.field.required}>
        {plain(element.placeholder) || "Choose…"}
      </option>
      {groups.map((group, index) =>
        group.label === null ? (
          group.choices.map((one) => <ChoiceOption key={one.value} choice={one} />)
        ) : (
          <optgroup key={index} label={group.label}>
            {group.choices.map((one) => <ChoiceOption key={one.value} choice={one} />)}
          </optgroup>
        ),
      )}
    </select>
  );
}

function ChoiceOption({ choice }: { choice: Choice }) {
  return <option value={choice.value}>{choice.description ? `${choice.label} — ${choice.description}` : choice.label}</option>;
}

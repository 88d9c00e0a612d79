/** A menu with several choices: a button that says what is chosen, and a list of boxes to tick. */

import { useId, useRef } from "preact/hooks";
import { useReader } from "../reader.tsx";
import { plain } from "../text/mrkdwn_view.tsx";
import { controlAttributes, type InputProps, useValue } from "./field.ts";
import { type Choice, choiceGroups, chosen, holding } from "./options.ts";
import { usePopover } from "./popover.ts";

export function MultiSelect(props: InputProps) {
  const { element, field } = props;
  const groups = choiceGroups(element, useReader());
  const choices = groups.flatMap((group) => group.choices);
  const { value, change } = useValue(props);
  const picked = new Set(chosen(value));
  const root = useRef<HTMLDivElement>(null);
  const { open, setOpen } = usePopover(root);
  const full = element.max_selected_items !== undefined && picked.size >= element.max_selected_items;
  const textId = useId();

  function toggle(one: Choice): void {
    const next = choices.filter((other) => (other.value === one.value ? !picked.has(one.value) : picked.has(other.value)));
    void change(holding(element.type, next));
  }

  const labels = choices.filter((one) => picked.has(one.value)).map((one) => one.label);
  const { "aria-required": _required, ...attributes } = controlAttributes(props);
  return (
    <div class="popover-root wide" ref={root}>
      <button
        {...attributes}
        type="button"
        class={`select multi${labels.length ? "" : " unset"}`}
        aria-haspopup="true"
        aria-expanded={open}
        aria-labelledby={field ? `${field.labelledBy} ${textId}` : undefined}
        onClick={() => setOpen(!open)}
      >
        <span id={textId}>{labels.length ? labels.join(", ") : plain(element.placeholder) || "Choose…"}</span>
      </button>
      {open && (
        <div class="popover choices" role="group" aria-label={plain(element.placeholder) || "Choices"}>
          {groups.map((group, index) => (
            <div key={index}>
              {group.label && <p class="group-label">{group.label}</p>}
              {group.choices.map((one) => (
                <label key={one.value} class="choice">
                  <input
                    type="checkbox"
                    checked={picked.has(one.value)}
                    disabled={full && !picked.has(one.value)}
                    onChange={() => toggle(one)}
                  />
                  <span>{one.label}{one.description && <small>{one.description}</small>}</span>
                </label>
              ))}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

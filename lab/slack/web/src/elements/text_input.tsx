/** Text inputs. Where the block dispatches, Enter sends the text, or every character does: as the app asked. */

import { plain } from "../text/mrkdwn_view.tsx";
import { controlAttributes, type InputProps, useValue } from "./field.ts";

// The kind of keyboard that a phone shows.
const KEYBOARDS: Readonly<Record<string, string>> = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "decimal",
};

export function TextInput(props: InputProps) {
  const { element, field } = props;
  const { value, keep, send } = useValue(props);
  const text = value.value ?? "";
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const sends = (trigger: string): boolean => field?.dispatches === true && triggers.includes(trigger);

  function type(typed: string): void {
    const held = { value: typed === "" ? null : typed };
    if (sends("on_character_entered")) void send(held);
    else keep(held);
  }

  function pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.isComposing || (element.multiline && event.shiftKey)) return;
    if (!sends("on_enter_pressed")) return;
    event.preventDefault();
    event.stopPropagation();
    void send({ value: value.value ?? null });
  }

  const shared = {
    ...controlAttributes(props),
    class: "text",
    value: text,
    placeholder: plain(element.placeholder),
    maxLength: element.max_length,
    onKeyDown: pressed,
  };
  if (element.multiline) return <textarea {...shared} rows={4} onInput={(event) => type(event.currentTarget.value)} />;
  return (
    <input
      {...shared}
      type="text"
      inputMode={KEYBOARDS[element.type]}
      autoComplete="off"
      spellcheck={false}
      onInput={(event) => type(event.currentTarget.value)}
    />
  );
}

/** Where a person types: Enter sends, a slash starts a command and brings completions. */

import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDesk } from "../blocks/host.tsx";
import { Icon } from "../icons.tsx";
import { type Completion, completions, splitCommand } from "../state/completions.ts";
import type { Practice } from "../state/practice.ts";
import { CompletionList } from "./completion_list.tsx";

interface ComposerProps {
  practice: Practice;
  channel: string;
  label: string;
  threadTs?: string;
}

export function Composer({ practice, channel, label, threadTs }: ComposerProps) {
  const { server, notify, failed } = useDesk();
  const [typed, setTyped] = useState("");
  const [highlighted, setHighlighted] = useState(-1);
  const [dismissed, setDismissed] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const offered = dismissed ? [] : completions(typed, practice.commands);

  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 200)}px`;
  }, [typed]);

  function type(text: string): void {
    setTyped(text);
    setHighlighted(-1);
    setDismissed(false);
  }

  function take(completion: Completion): void {
    type(completion.text);
    box.current?.focus();
  }

  async function send(): Promise<void> {
    if (typed.trim() === "") return;
    const command = splitCommand(typed);
    if (command && threadTs) return notify(`${command.command} is not supported in threads. Sorry!`);
    type("");
    const answer = command
      ? await server.command(channel, command.command, command.text)
      : await server.say(channel, typed, threadTs);
    if (answer.ok) return;
    failed(answer, command ? command.command : "Your message");
    // Nothing typed is lost, unless the person has gone on typing.
    setTyped((now) => now || typed);
  }

  function pressed(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === "Escape" && offered.length) setDismissed(true);
    else if (event.key === "Enter" && !event.shiftKey) enter();
    else if (event.key === "Tab" && !event.shiftKey && offered.length) take(offered[Math.max(highlighted, 0)] as Completion);
    else if (event.key === "ArrowDown" && offered.length) setHighlighted((highlighted + 1) % offered.length);
    else if (event.key === "ArrowUp" && offered.length) setHighlighted((Math.max(highlighted, 0) - 1 + offered.length) % offered.length);
    else return;
    event.preventDefault();
  }

  /** Enter takes the completion that was moved to, or finishes half a command's name; otherwise it sends. */
  function enter(): void {
    const halfName = !typed.includes(" ") && !practice.commands.some((one) => one.command === typed.trim());
    const completion = offered[highlighted] ?? (halfName ? offered[0] : undefined);
    if (completion) take(completion);
    else void send();
  }

  return (
    <div class="composer">
      {offered.length > 0 && <CompletionList id={listId} offered={offered} highlighted={highlighted} onTake={take} />}
      <textarea
        ref={box}
        rows={1}
        value={typed}
        aria-label={label}
        placeholder={label}
        aria-autocomplete="list"
        aria-controls={offered.length > 0 ? listId : undefined}
        aria-activedescendant={highlighted >= 0 ? `${listId}-${highlighted}` : undefined}
        spellcheck={false}
        autoComplete="off"
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      <button type="button" class="send" aria-label="Send" disabled={typed.trim() === ""} onClick={() => void send()}><Icon name="send" /></button>
    </div>
  );
}

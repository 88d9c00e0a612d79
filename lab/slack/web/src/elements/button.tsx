/** A button. Every press is sent, also the second of a double click: the app has to cope, as with Slack. */

import { useState } from "preact/hooks";
import { useHost } from "../blocks/host.tsx";
import { PlainText } from "../text/mrkdwn_view.tsx";
import type { ButtonElement } from "../wire/blocks.ts";

export function Button({ element, block }: { element: ButtonElement; block: string }) {
  const host = useHost();
  const [waiting, setWaiting] = useState(0);

  async function press(): Promise<void> {
    if (element.url) window.open(element.url, "_blank", "noreferrer,noopener");
    setWaiting((count) => count + 1);
    const { type, action_id, text, value, style } = element;
    const action = { type, action_id, block_id: block, text, ...(value !== undefined && { value }), ...(style && { style }) };
    await host.act(action, element.confirm);
    setWaiting((count) => count - 1);
  }

  return (
    <button
      type="button"
      class={`button ${element.style ?? "plain"}${waiting ? " busy" : ""}`}
      data-action-id={element.action_id}
      data-value={element.value}
      aria-busy={waiting > 0}
      aria-label={element.accessibility_label}
      onClick={() => void press()}
    >
      <PlainText text={element.text} />
    </button>
  );
}

/** An input block: label, element, hint, and what is wrong with it. */

import { useId } from "preact/hooks";
import { ElementView } from "../elements/element.tsx";
import { PlainText } from "../text/mrkdwn_view.tsx";
import type { Block } from "../wire/blocks.ts";

const GROUPS = new Set(["checkboxes", "radio_buttons"]);

interface InputBlockProps {
  block: Extract<Block, { type: "input" }>;
  id: string;
  error: string | undefined;
}

export function InputBlock({ block, id, error }: InputBlockProps) {
  const prefix = useId();
  const ids = { input: `${prefix}-input`, label: `${prefix}-label`, hint: `${prefix}-hint`, error: `${prefix}-error` };
  const describedBy = [block.hint && ids.hint, error && ids.error].filter(Boolean).join(" ");
  const label = (
    <>
      <PlainText text={block.label} /> {block.optional && <span class="optional">(optional)</span>}
    </>
  );
  return (
    <div class={`input${error ? " invalid" : ""}`}>
      {GROUPS.has(block.element.type) ? (
        <span class="label" id={ids.label}>{label}</span>
      ) : (
        <label class="label" id={ids.label} for={ids.input}>{label}</label>
      )}
      <ElementView
        element={block.element}
        block={id}
        field={{
          id: ids.input,
          labelledBy: ids.label,
          describedBy,
          invalid: error !== undefined,
          required: block.optional !== true,
          dispatches: block.dispatch_action === true,
        }}
      />
      {block.hint && <p class="hint" id={ids.hint}><PlainText text={block.hint} /></p>}
      {error && <p class="error" id={ids.error} role="alert">{error}</p>}
    </div>
  );
}

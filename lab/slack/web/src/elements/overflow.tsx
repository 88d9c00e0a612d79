/** An overflow menu: a button with a menu of options, each of which is an action. */

import { useRef } from "preact/hooks";
import { Icon } from "../icons.tsx";
import { useHost } from "../blocks/host.tsx";
import { plain, PlainText } from "../text/mrkdwn_view.tsx";
import type { Option, OverflowElement } from "../wire/blocks.ts";
import { usePopover } from "./popover.ts";

export function Overflow({ element, block }: { element: OverflowElement; block: string }) {
  const host = useHost();
  const root = useRef<HTMLDivElement>(null);
  const { open, setOpen } = usePopover(root);

  async function choose(option: Option): Promise<void> {
    setOpen(false);
    const { type, action_id, confirm } = element;
    await host.act({ type, action_id, block_id: block, selected_option: option }, confirm);
  }

  return (
    <div class="popover-root" ref={root}>
      <button
        type="button"
        class="button plain overflow"
        data-action-id={element.action_id}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label="More actions"
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div class="popover menu" role="menu">
          {element.options.map((option) => (
            <button key={option.value} type="button" role="menuitem" onClick={() => void choose(option)}>
              <PlainText text={option.text} />
              {option.description && <small>{plain(option.description)}</small>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

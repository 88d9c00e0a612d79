/** The frame of every dialog: keeps the focus inside, shuts on Escape, and gives the focus back. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea, [tabindex='0']";

interface DialogProps {
  role: "dialog" | "alertdialog";
  labelledBy: string;
  describedBy?: string;
  /** Only the dialog on top is shown and used; those below keep what was filled in. */
  onTop: boolean;
  onEscape(): void;
  children: ComponentChildren;
}

export function Dialog({ role, labelledBy, describedBy, onTop, onEscape, children }: DialogProps) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => {
    if (onTop) firstField(root.current)?.focus();
  }, [onTop]);

  function pressed(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.stopPropagation();
      onEscape();
    } else if (event.key === "Tab") keepInside(root.current, event);
  }

  return (
    <div class={`backdrop of-${role}`} hidden={!onTop}>
      <div
        ref={root}
        class="dialog"
        role={role}
        aria-modal="true"
        aria-labelledby={labelledBy}
        aria-describedby={describedBy}
        tabIndex={-1}
        onKeyDown={pressed}
      >
        {children}
      </div>
    </div>
  );
}

/** What the app asked to focus, else the first field of the form, else the dialog itself. */
function firstField(root: HTMLElement | null): HTMLElement | null {
  if (!root) return null;
  const body = root.querySelector("[data-autofocus]") ?? root.querySelector(".dialog-body :is(input, select, textarea)");
  return body instanceof HTMLElement ? body : root;
}

function keepInside(root: HTMLElement | null, event: KeyboardEvent): void {
  const all = [...(root?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])].filter((one) => one.offsetParent !== null);
  const first = all[0];
  const last = all.at(-1);
  if (!first || !last) return;
  const leaving = event.shiftKey ? first : last;
  if (document.activeElement !== leaving && document.activeElement !== root) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

/** The "are you sure?" that an app can put before any action. */

import { useCallback, useMemo, useState } from "preact/hooks";
import { plain, PlainText, Text } from "../text/mrkdwn_view.tsx";
import type { Confirmation } from "../wire/blocks.ts";
import { Dialog } from "./dialog.tsx";

interface Asked {
  confirmation: Confirmation;
  answer(yes: boolean): void;
}

export function useConfirmation() {
  const [asked, setAsked] = useState<Asked | null>(null);
  const ask = useCallback(
    (confirmation: Confirmation) =>
      new Promise<boolean>((resolve) => {
        const answer = (yes: boolean): void => {
          setAsked(null);
          resolve(yes);
        };
        setAsked({ confirmation, answer });
      }),
    [],
  );
  return useMemo(() => ({ asked, ask }), [asked, ask]);
}

export function ConfirmDialog({ asked: { confirmation, answer } }: { asked: Asked }) {
  const style = confirmation.style ?? "primary";
  return (
    <Dialog
      role="alertdialog"
      labelledBy="confirm-title"
      describedBy="confirm-text"
      onTop
      onEscape={() => answer(false)}
    >
      <header class="dialog-head"><h2 id="confirm-title"><PlainText text={confirmation.title} /></h2></header>
      <div class="dialog-body" id="confirm-text"><Text text={confirmation.text} /></div>
      <footer class="dialog-foot">
        <button type="button" class="button plain" onClick={() => answer(false)}>{plain(confirmation.deny) || "Cancel"}</button>
        <button type="button" class={`button filled ${style}`} onClick={() => answer(true)}>
          {plain(confirmation.confirm) || "Yes"}
        </button>
      </footer>
    </Dialog>
  );
}

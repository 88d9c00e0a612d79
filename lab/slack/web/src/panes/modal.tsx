/** A modal: its blocks as a form, submitted or closed. */

import { type Dispatch, useId, useState } from "preact/hooks";
import { Blocks } from "../blocks/block.tsx";
import { BlockHostProvider, useBlockHost, useDesk } from "../blocks/host.tsx";
import { Icon } from "../icons.tsx";
import type { Change } from "../session.tsx";
import { clientErrors } from "../state/form.ts";
import { plain, PlainText } from "../text/mrkdwn_view.tsx";
import type { View } from "../wire/api.ts";
import { Dialog } from "./dialog.tsx";

interface ModalProps {
  view: View;
  onTop: boolean;
  errors: Record<string, string>;
  dispatch: Dispatch<Change>;
}

export function Modal({ view, onTop, errors, dispatch }: ModalProps) {
  const { server, failed } = useDesk();
  const host = useBlockHost({ type: "view", view_id: view.id }, view.blocks, view.state?.values);
  const [submitting, setSubmitting] = useState(false);
  const titleId = useId();

  async function submit(): Promise<void> {
    const found = clientErrors(view.blocks, host.values);
    dispatch({ kind: "errors", viewId: view.id, errors: found });
    if (Object.keys(found).length > 0 || submitting) return;
    setSubmitting(true);
    const answer = await server.submit(view.id, host.values);
    setSubmitting(false);
    if (answer.errors) dispatch({ kind: "errors", viewId: view.id, errors: answer.errors });
    else if (!answer.ok) failed(answer, plain(view.submit));
  }

  async function close(): Promise<void> {
    dispatch({ kind: "event", event: { type: "view_closed", view_id: view.id, clear: view.clear_on_close === true } });
    const answer = await server.close(view.id);
    if (!answer.ok && answer.error !== "not_found") failed(answer, plain(view.title));
  }

  return (
    <Dialog role="dialog" labelledBy={titleId} onTop={onTop} onEscape={() => void close()}>
      <form
        class="modal-form"
        noValidate
        data-view-id={view.id}
        data-callback-id={view.callback_id}
        onSubmit={(event) => {
          event.preventDefault();
          if (view.submit) void submit();
        }}
      >
        <header class="dialog-head">
          <h2 id={titleId}><PlainText text={view.title} /></h2>
          <button type="button" class="icon" aria-label="Dismiss" onClick={() => void close()}><Icon name="close" /></button>
        </header>
        <div class="dialog-body">
          <BlockHostProvider value={host}>
            <Blocks blocks={view.blocks} errors={errors} />
          </BlockHostProvider>
        </div>
        <footer class="dialog-foot">
          <button type="button" class="button plain" onClick={() => void close()}>{plain(view.close) || "Cancel"}</button>
          {view.submit && (
            <button
              type="submit"
              class={`button filled primary${submitting ? " busy" : ""}`}
              disabled={view.submit_disabled === true}
              aria-busy={submitting}
            >
              <PlainText text={view.submit} />
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

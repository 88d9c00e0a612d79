/** The person's open modals. The last one is shown; those under it keep what was filled in. */

import type { Dispatch } from "preact/hooks";
import type { Change } from "../session.tsx";
import type { Practice } from "../state/practice.ts";
import { Modal } from "./modal.tsx";

export function ModalStack({ practice, dispatch }: { practice: Practice; dispatch: Dispatch<Change> }) {
  return (
    <>
      {practice.views.map((view, index) => (
        <Modal
          key={view.id}
          view={view}
          onTop={index === practice.views.length - 1}
          errors={practice.viewErrors[view.id] ?? {}}
          dispatch={dispatch}
        />
      ))}
    </>
  );
}

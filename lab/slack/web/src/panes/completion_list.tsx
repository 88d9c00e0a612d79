/** The list of completions above the composer. */

import type { Completion } from "../state/completions.ts";

interface CompletionListProps {
  id: string;
  offered: Completion[];
  highlighted: number;
  onTake(completion: Completion): void;
}

export function CompletionList({ id, offered, highlighted, onTake }: CompletionListProps) {
  return (
    <ul class="completions" id={id} role="listbox" aria-label="Commands">
      {offered.map((completion, index) => (
        <li
          key={completion.text}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === highlighted}
          // The composer keeps the focus: a press on the list must not take it.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onTake(completion)}
        >
          <strong>{completion.label}</strong>
          <span>{completion.description}</span>
        </li>
      ))}
    </ul>
  );
}

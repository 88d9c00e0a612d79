/** A table block; its first row is the heading, as in Slack. */

import { WithEmoji } from "../text/mrkdwn_view.tsx";
import type { Block, TableCell } from "../wire/blocks.ts";
import { RichText } from "./rich_text.tsx";

type Table = Extract<Block, { type: "table" }>;

export function TableBlock({ block }: { block: Table }) {
  const [heading, ...rows] = block.rows;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Table">
      <table>
        {heading && (
          <thead>
            <Row cells={heading} block={block} heading />
          </thead>
        )}
        <tbody>
          {rows.map((cells, index) => <Row key={index} cells={cells} block={block} />)}
        </tbody>
      </table>
    </div>
  );
}

function Row({ cells, block, heading = false }: { cells: TableCell[]; block: Table; heading?: boolean }) {
  const Cell = heading ? "th" : "td";
  return (
    <tr>
      {cells.map((cell, column) => {
        const settings = block.column_settings?.[column];
        const classes = `align-${settings?.align ?? "left"}${settings?.is_wrapped ? " wrapped" : ""}`;
        return <Cell key={column} class={classes}><CellView cell={cell} /></Cell>;
      })}
    </tr>
  );
}

function CellView({ cell }: { cell: TableCell }) {
  if (cell.type === "rich_text") return <RichText block={cell} />;
  return <WithEmoji text={cell.text ?? String(cell.value ?? "")} />;
}

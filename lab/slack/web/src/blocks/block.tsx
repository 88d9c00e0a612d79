/** Draws one block of Block Kit. */

import { ElementView } from "../elements/element.tsx";
import { PlainText, Text } from "../text/mrkdwn_view.tsx";
import { type Block, blockId, type ImageElement, type TextObject } from "../wire/blocks.ts";
import { BlockImage, InlineImage } from "./image.tsx";
import { InputBlock } from "./input.tsx";
import { MarkdownBlock } from "./markdown.tsx";
import { RichText } from "./rich_text.tsx";
import { TableBlock } from "./table.tsx";

interface BlocksProps {
  blocks: Block[];
  /** By block_id: what is wrong with an input. */
  errors?: Record<string, string>;
}

export function Blocks({ blocks, errors = {} }: BlocksProps) {
  return (
    <div class="blocks">
      {blocks.map((block, index) => {
        const id = blockId(block, index);
        return (
          <div key={id} class={`block block-${block.type}`} data-block-id={id}>
            <BlockView block={block} id={id} error={errors[id]} />
          </div>
        );
      })}
    </div>
  );
}

function BlockView({ block, id, error }: { block: Block; id: string; error: string | undefined }) {
  switch (block.type) {
    case "header":
      return <h3><PlainText text={block.text} /></h3>;
    case "section":
      return <Section block={block} id={id} />;
    case "context":
      return <Context elements={block.elements} />;
    case "divider":
      return <hr />;
    case "actions":
      return (
        <div class="actions">
          {block.elements.map((element, index) => <ElementView key={keyOf(element, index)} element={element} block={id} />)}
        </div>
      );
    case "image":
      return <BlockImage source={block} alt={block.alt_text} title={block.title} />;
    case "input":
      return <InputBlock block={block} id={id} error={error} />;
    case "markdown":
      return <MarkdownBlock text={block.text} />;
    case "table":
      return <TableBlock block={block} />;
    case "rich_text":
      return <RichText block={block} />;
    default:
      return <p class="not-loaded">The practice Slack cannot draw a block of type “{(block as Block).type}”.</p>;
  }
}

function Section({ block, id }: { block: Extract<Block, { type: "section" }>; id: string }) {
  return (
    <div class="section">
      <div class="section-body">
        {block.text && <Text text={block.text} />}
        {block.fields && (
          <div class="fields">
            {block.fields.map((field, index) => <div key={index}><Text text={field} /></div>)}
          </div>
        )}
      </div>
      {block.accessory && <div class="accessory"><ElementView element={block.accessory} block={id} /></div>}
    </div>
  );
}

function Context({ elements }: { elements: (TextObject | ImageElement)[] }) {
  return (
    <div class="context">
      {elements.map((element, index) =>
        element.type === "image" ? (
          <InlineImage key={index} source={element} alt={element.alt_text} />
        ) : (
          <div key={index}><Text text={element} /></div>
        ),
      )}
    </div>
  );
}

function keyOf(element: object, index: number): string | number {
  return "action_id" in element && typeof element.action_id === "string" ? element.action_id : index;
}

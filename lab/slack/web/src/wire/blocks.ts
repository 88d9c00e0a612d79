/** Block Kit as it comes over the wire: https://docs.slack.dev/reference/block-kit. Only what the page draws. */

export interface TextObject {
  type: "plain_text" | "mrkdwn";
  text: string;
  emoji?: boolean;
  verbatim?: boolean;
}

export interface Option {
  text: TextObject;
  value: string;
  description?: TextObject;
  url?: string;
}

export interface OptionGroup {
  label: TextObject;
  options: Option[];
}

export interface Confirmation {
  title: TextObject;
  text: TextObject;
  confirm?: TextObject;
  deny?: TextObject;
  style?: "primary" | "danger";
}

export interface SlackFile {
  id?: string;
  url?: string;
}

export interface ImageElement {
  type: "image";
  image_url?: string;
  slack_file?: SlackFile;
  alt_text: string;
}

export interface ButtonElement {
  type: "button" | "workflow_button";
  action_id: string;
  text: TextObject;
  value?: string;
  url?: string;
  style?: "primary" | "danger";
  confirm?: Confirmation;
  accessibility_label?: string;
}

export interface OverflowElement {
  type: "overflow";
  action_id: string;
  options: Option[];
  confirm?: Confirmation;
}

/** Every element that holds a value; which properties matter depends on `type`. */
export interface InputElement {
  type: string;
  action_id: string;
  placeholder?: TextObject;
  confirm?: Confirmation;
  focus_on_load?: boolean;
  options?: Option[];
  option_groups?: OptionGroup[];
  max_selected_items?: number;
  multiline?: boolean;
  min_length?: number;
  max_length?: number;
  is_decimal_allowed?: boolean;
  min_value?: string;
  max_value?: string;
  dispatch_action_config?: { trigger_actions_on?: string[] };
  initial_value?: string | number;
  initial_option?: Option;
  initial_options?: Option[];
  initial_user?: string;
  initial_users?: string[];
  initial_channel?: string;
  initial_channels?: string[];
  initial_conversation?: string;
  initial_conversations?: string[];
  initial_date?: string;
  initial_time?: string;
  initial_date_time?: number;
}

export type Element = ImageElement | ButtonElement | OverflowElement | InputElement;

/** What an element holds, as it stands in `state.values` and, for the one just used, in the action. */
export interface ElementValue {
  type: string;
  value?: string | null;
  selected_option?: Option | null;
  selected_options?: Option[];
  selected_user?: string | null;
  selected_users?: string[];
  selected_channel?: string | null;
  selected_channels?: string[];
  selected_conversation?: string | null;
  selected_conversations?: string[];
  selected_date?: string | null;
  selected_time?: string | null;
  selected_date_time?: number | null;
}

export interface RichTextStyle {
  bold?: boolean;
  italic?: boolean;
  strike?: boolean;
  code?: boolean;
  underline?: boolean;
}

export interface RichTextLeaf {
  type: string;
  text?: string;
  url?: string;
  name?: string;
  unicode?: string;
  user_id?: string;
  usergroup_id?: string;
  channel_id?: string;
  range?: string;
  value?: string;
  timestamp?: number;
  format?: string;
  fallback?: string;
  style?: RichTextStyle;
}

export interface RichTextPart {
  type: string;
  style?: string;
  indent?: number;
  offset?: number;
  border?: number;
  elements: (RichTextLeaf | RichTextPart)[];
}

export interface RichTextBlock {
  type: "rich_text";
  block_id?: string;
  elements: RichTextPart[];
}

export type TableCell = RichTextBlock | { type: "raw_text" | "raw_number"; text?: string; value?: number };

export type Block =
  | { type: "header"; block_id?: string; text: TextObject }
  | { type: "section"; block_id?: string; text?: TextObject; fields?: TextObject[]; accessory?: Element }
  | { type: "context"; block_id?: string; elements: (TextObject | ImageElement)[] }
  | { type: "divider"; block_id?: string }
  | { type: "actions"; block_id?: string; elements: Element[] }
  | { type: "image"; block_id?: string; image_url?: string; slack_file?: SlackFile; alt_text: string; title?: TextObject }
  | {
      type: "input";
      block_id?: string;
      label: TextObject;
      element: InputElement;
      hint?: TextObject;
      optional?: boolean;
      dispatch_action?: boolean;
    }
  | { type: "markdown"; block_id?: string; text: string }
  | {
      type: "table";
      block_id?: string;
      rows: TableCell[][];
      column_settings?: ({ align?: "left" | "center" | "right"; is_wrapped?: boolean } | null)[];
    }
  | RichTextBlock;

/** A block's id, or a stand-in made from its place when the app gave it none. */
export function blockId(block: Block, index: number): string {
  return block.block_id || `block-${index}`;
}

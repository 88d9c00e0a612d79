/** Draws one element of Block Kit. */

import { InlineImage } from "../blocks/image.tsx";
import type { ButtonElement, Element, ImageElement, InputElement, OverflowElement } from "../wire/blocks.ts";
import { Button } from "./button.tsx";
import { Checkboxes, RadioButtons } from "./choices.tsx";
import { DatePicker, DateTimePicker, TimePicker } from "./dates.tsx";
import type { Field } from "./field.ts";
import { MultiSelect } from "./multi_select.tsx";
import { Overflow } from "./overflow.tsx";
import { Select } from "./select.tsx";
import { TextInput } from "./text_input.tsx";

interface ElementProps {
  element: Element;
  block: string;
  field?: Field | undefined;
}

export function ElementView({ element, block, field }: ElementProps) {
  switch (element.type) {
    case "button":
    case "workflow_button":
      return <Button element={element as ButtonElement} block={block} />;
    case "overflow":
      return <Overflow element={element as OverflowElement} block={block} />;
    case "image": {
      const image = element as ImageElement;
      return <InlineImage source={image} alt={image.alt_text} />;
    }
    default:
      return <Input element={element as InputElement} block={block} field={field} />;
  }
}

function Input(props: { element: InputElement; block: string; field: Field | undefined }) {
  switch (props.element.type) {
    case "static_select":
    case "users_select":
    case "channels_select":
    case "conversations_select":
      return <Select {...props} />;
    case "multi_static_select":
    case "multi_users_select":
    case "multi_channels_select":
    case "multi_conversations_select":
      return <MultiSelect {...props} />;
    case "checkboxes":
      return <Checkboxes {...props} />;
    case "radio_buttons":
      return <RadioButtons {...props} />;
    case "datepicker":
      return <DatePicker {...props} />;
    case "timepicker":
      return <TimePicker {...props} />;
    case "datetimepicker":
      return <DateTimePicker {...props} />;
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return <TextInput {...props} />;
    default:
      return <span class="not-loaded">The practice Slack has no element of type “{props.element.type}”.</span>;
  }
}

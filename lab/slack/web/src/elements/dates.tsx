/** Pickers of dates and times, as the browser's own. */

import { useReader } from "../reader.tsx";
import { fromLocalInput, toLocalInput } from "../text/date.ts";
import { controlAttributes, type InputProps, useValue } from "./field.ts";

export function DatePicker(props: InputProps) {
  const { value, change } = useValue(props);
  return (
    <input
      {...controlAttributes(props)}
      class="text"
      type="date"
      value={value.selected_date ?? ""}
      onChange={(event) => void change({ selected_date: event.currentTarget.value || null })}
    />
  );
}

export function TimePicker(props: InputProps) {
  const { value, change } = useValue(props);
  return (
    <input
      {...controlAttributes(props)}
      class="text"
      type="time"
      value={value.selected_time ?? ""}
      onChange={(event) => void change({ selected_time: event.currentTarget.value || null })}
    />
  );
}

/** Shown in the reader's time zone; the value is in seconds since the epoch. */
export function DateTimePicker(props: InputProps) {
  const { timeZone } = useReader();
  const { value, change } = useValue(props);
  const seconds = value.selected_date_time;
  return (
    <input
      {...controlAttributes(props)}
      class="text"
      type="datetime-local"
      title={timeZone}
      value={seconds ? toLocalInput(seconds, timeZone) : ""}
      onChange={(event) => {
        const local = event.currentTarget.value;
        void change({ selected_date_time: local ? fromLocalInput(local, timeZone) : null });
      }}
    />
  );
}

/**
 * Times in the reader's time zone, and Slack's date tokens:
 * https://docs.slack.dev/messaging/formatting-message-text#date-formatting
 * Times are seconds since the epoch; the clock is a 24 hour one.
 */

const LOCALE = "en-GB";
const DAY = 86_400;

const STYLES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

export type DateStyle = keyof typeof STYLES;

export function formatTime(seconds: number, style: DateStyle, timeZone: string): string {
  // Sweden writes dates as 2014-02-18, which is how Slack draws {date_num}.
  const locale = style === "date_num" ? "sv-SE" : LOCALE;
  return new Intl.DateTimeFormat(locale, { ...STYLES[style], timeZone }).format(new Date(seconds * 1000));
}

/** Day, time to the second and zone, for whoever points at a time. */
export function exactTime(seconds: number, timeZone: string): string {
  return `${formatTime(seconds, "date_long", timeZone)}, ${formatTime(seconds, "time_secs", timeZone)} ${timeZone}`;
}

/** A date token's text: every `{…}` of the format filled in, unknown ones left as they are. */
export function formatToken(format: string, seconds: number, timeZone: string, now: number): string {
  return format.replace(/\{(\w+)\}/g, (whole, name: string) => {
    if (name === "ago") return ago(now - seconds);
    const pretty = /^(date(?:_short|_long)?)_pretty$/.exec(name)?.[1];
    if (pretty) return nearDay(seconds, timeZone, now) ?? formatTime(seconds, pretty as DateStyle, timeZone);
    return name in STYLES ? formatTime(seconds, name as DateStyle, timeZone) : whole;
  });
}

/** "today", "yesterday" or "tomorrow" for the reader, else null. */
export function nearDay(seconds: number, timeZone: string, now: number): string | null {
  const day = formatTime(seconds, "date_num", timeZone);
  if (day === formatTime(now, "date_num", timeZone)) return "today";
  if (day === formatTime(now - DAY, "date_num", timeZone)) return "yesterday";
  if (day === formatTime(now + DAY, "date_num", timeZone)) return "tomorrow";
  return null;
}

/** The line between two days of a channel. */
export function dayHeading(seconds: number, timeZone: string, now: number): string {
  const near = nearDay(seconds, timeZone, now);
  return near ? near.charAt(0).toUpperCase() + near.slice(1) : formatTime(seconds, "date_long", timeZone);
}

/** "3 minutes ago", "in 2 hours"; `elapsed` is in seconds, negative for what is still to come. */
export function ago(elapsed: number): string {
  const size = Math.abs(elapsed);
  if (size < 10) return "just now";
  const [unit, length] = UNITS.find(([, seconds]) => size >= seconds) ?? ["second", 1];
  const count = Math.floor(size / length);
  const span = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return elapsed < 0 ? `in ${span}` : `${span} ago`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ["day", DAY],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** `YYYY-MM-DDTHH:MM` as an input shows it, in the given zone. */
export function toLocalInput(seconds: number, timeZone: string): string {
  return `${formatTime(seconds, "date_num", timeZone)}T${formatTime(seconds, "time", timeZone)}`;
}

/** The moment that `YYYY-MM-DDTHH:MM` names in the given zone. */
export function fromLocalInput(local: string, timeZone: string): number {
  const asUtc = Date.parse(`${local}:00Z`) / 1000;
  const shown = Date.parse(`${toLocalInput(asUtc, timeZone)}:00Z`) / 1000;
  const guess = asUtc - (shown - asUtc);
  // Across a change of the clocks the first guess is an hour out; the second is not.
  const drift = Date.parse(`${toLocalInput(guess, timeZone)}:00Z`) / 1000 - asUtc;
  return guess - drift;
}

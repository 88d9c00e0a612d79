/** Slack escapes exactly three characters: https://docs.slack.dev/messaging/formatting-message-text#escaping */

export function unescapeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (_whole, name: string) => (name === "amp" ? "&" : name === "lt" ? "<" : ">"));
}

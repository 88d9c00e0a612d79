/** Where the person is, kept in the address: ?user=U… says who, #/C…/ts says what is open. */

export type Place =
  | { kind: "menu" }
  | { kind: "channel"; channel: string; thread: string | null }
  | { kind: "app"; tab: "home" | "messages"; thread: string | null };

export function placeFromHash(hash: string): Place | null {
  const [first, second, third] = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (!first) return null;
  if (first === "menu") return { kind: "menu" };
  if (first === "app") return { kind: "app", tab: second === "messages" ? "messages" : "home", thread: third || null };
  return { kind: "channel", channel: first, thread: second || null };
}

export function hashFor(place: Place): string {
  if (place.kind === "menu") return "#/menu";
  const rest = place.thread ? `/${place.thread}` : "";
  return place.kind === "app" ? `#/app/${place.tab}${rest}` : `#/${encodeURIComponent(place.channel)}${rest}`;
}

export function userFromAddress(search: string): string {
  return new URLSearchParams(search).get("user") ?? "";
}

export function addressFor(user: string, hash: string): string {
  return `?user=${encodeURIComponent(user)}${hash}`;
}

/** Initials on a colour that belongs to the id. */

const COLOURS = ["#b5543c", "#8a6414", "#3f7d3a", "#1f7a78", "#2f6db5", "#6a55b8", "#a8478f", "#566573"];

export function Avatar({ id, name, app = false }: { id: string; name: string; app?: boolean }) {
  const number = [...id].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 997, 0);
  const colour = app ? "#243b53" : (COLOURS[number % COLOURS.length] ?? "#566573");
  return <span class={`avatar${app ? " app" : ""}`} style={{ backgroundColor: colour }} aria-hidden="true">{initials(name)}</span>;
}

function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => word?.charAt(0).toUpperCase()).join("") || "?";
}

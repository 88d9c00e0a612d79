/** What the composer offers while a slash command is typed. Pure. */

import type { Command } from "../wire/api.ts";

export interface Completion {
  /** What the composer holds once this is taken. */
  text: string;
  label: string;
  description: string;
}

export function completions(typed: string, commands: Command[]): Completion[] {
  if (!typed.startsWith("/") || typed.includes("\n")) return [];
  const space = typed.indexOf(" ");
  if (space < 0) return matchingCommands(typed, commands);
  const command = commands.find((one) => one.command === typed.slice(0, space));
  const rest = typed.slice(space + 1).toLowerCase();
  const fitting = (command?.completions ?? []).filter(({ text }) => text.toLowerCase().startsWith(rest) && text !== rest);
  return fitting.map(({ text, description }) => ({ text: `${command?.command} ${text}`, label: text, description }));
}

function matchingCommands(typed: string, commands: Command[]): Completion[] {
  const fitting = commands.filter(({ command }) => command.startsWith(typed.toLowerCase()));
  return fitting.map(({ command, description, usage_hint: hint }) => ({
    text: `${command} `,
    label: hint ? `${command} ${hint}` : command,
    description,
  }));
}

/** `/ha status shop` as the command and the rest; null for anything that is no command. */
export function splitCommand(typed: string): { command: string; text: string } | null {
  const match = /^(\/\S+)\s*([\s\S]*)$/.exec(typed);
  return match?.[1] ? { command: match[1], text: (match[2] ?? "").trimEnd() } : null;
}

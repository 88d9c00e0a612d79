/** Requests to the practice Slack's server. A failure of any kind is an answer too: `{ok: false, error}`. */

import type { Action, Answer, Container, FormValues, State } from "./wire/api.ts";

export class Server {
  constructor(readonly user: string) {}

  async state(): Promise<State> {
    const response = await fetch(`/practice/state${this.query()}`, { cache: "no-store" });
    if (!response.ok) throw new Error(`The practice Slack answered ${response.status} to /practice/state`);
    return (await response.json()) as State;
  }

  eventsUrl(): string {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    return `${scheme}//${location.host}/practice/events${this.query()}`;
  }

  say(channel: string, text: string, threadTs?: string): Promise<Answer> {
    return this.post("message", { channel, text, ...(threadTs && { thread_ts: threadTs }) });
  }

  command(channel: string, command: string, text: string): Promise<Answer> {
    return this.post("command", { channel, command, text });
  }

  act(container: Container, action: Action, values: FormValues): Promise<Answer> {
    return this.post("action", { container, action, state: { values } });
  }

  submit(viewId: string, values: FormValues): Promise<Answer> {
    return this.post("submit", { view_id: viewId, state: { values } });
  }

  close(viewId: string): Promise<Answer> {
    return this.post("close", { view_id: viewId });
  }

  openHome(): Promise<Answer> {
    return this.post("home", {});
  }

  control(name: string, target: string): Promise<Answer> {
    return this.post("control", { name, target });
  }

  slackFault(name: string, active: boolean): Promise<Answer> {
    return this.post("slack-fault", { name, active });
  }

  private query(): string {
    return this.user ? `?user=${encodeURIComponent(this.user)}` : "";
  }

  private async post(path: string, body: Record<string, unknown>): Promise<Answer> {
    try {
      const response = await fetch(`/practice/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ user: this.user, ...body }),
      });
      const text = await response.text();
      const answer = parse(text);
      if (answer) return answer;
      return response.ok ? { ok: true } : { ok: false, error: text || `HTTP ${response.status}` };
    } catch {
      return { ok: false, error: "The practice Slack does not answer. Is it still running?" };
    }
  }
}

function parse(text: string): Answer | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "ok" in value ? (value as Answer) : null;
  } catch {
    return null;
  }
}

/** Where this page gets a stored file's bytes. */
export function fileUrl(id: string): string {
  return `/practice/file/${encodeURIComponent(id)}`;
}

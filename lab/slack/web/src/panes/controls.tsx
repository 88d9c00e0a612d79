/** The practice controls: faults of the lab, and faults of the practice Slack itself. */

import { type Dispatch, useState } from "preact/hooks";
import { useDesk } from "../blocks/host.tsx";
import { Icon } from "../icons.tsx";
import type { Change } from "../session.tsx";
import type { Practice } from "../state/practice.ts";
import type { Control, ControlTarget, SlackFault } from "../wire/api.ts";

interface ControlsProps {
  practice: Practice;
  dispatch: Dispatch<Change>;
  onClose(): void;
}

export function Controls({ practice, dispatch, onClose }: ControlsProps) {
  return (
    <aside class="right pane controls" aria-label="Practice controls" data-testid="controls">
      <header class="pane-head">
        <h2>Practice controls</h2>
        <button type="button" class="icon" aria-label="Close practice controls" onClick={onClose}><Icon name="close" /></button>
      </header>
      <div class="controls-body">
        <Status status={practice.controlStatus} />
        <h3>Break or mend the lab</h3>
        {practice.controls.length === 0 && <p class="empty">No lab is attached to this practice Slack.</p>}
        {practice.controls.map((control) => <ControlCard key={control.name} control={control} />)}
        <h3>Make this Slack misbehave</h3>
        {practice.slack_faults.length === 0 && <p class="empty">Nothing here can be switched.</p>}
        {practice.slack_faults.map((fault) => <FaultToggle key={fault.name} fault={fault} dispatch={dispatch} />)}
      </div>
    </aside>
  );
}

function Status({ status }: { status: Record<string, unknown> }) {
  const entries = lines(status);
  if (entries.length === 0) return null;
  return (
    <dl class="lab-status" aria-label="State of the lab">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A tree of values as lines: `{"link": {"a": "cut"}}` is "link a: cut". */
function lines(status: Record<string, unknown>, prefix = ""): [name: string, value: string][] {
  return Object.entries(status).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    if (typeof value !== "object" || value === null) return [[name, value === null ? "unknown" : String(value)]];
    if (Array.isArray(value)) return [[name, value.map(String).join(", ") || "none"]];
    return lines(value as Record<string, unknown>, `${name} `);
  });
}

function ControlCard({ control }: { control: Control }) {
  const { server } = useDesk();
  const [target, setTarget] = useState(() => valueOf(control.targets[0]));
  const [waiting, setWaiting] = useState(false);
  const [result, setResult] = useState<{ ok: boolean; text: string } | null>(null);

  async function run(): Promise<void> {
    setWaiting(true);
    const answer = await server.control(control.name, target);
    setWaiting(false);
    setResult({ ok: answer.ok, text: answer.text ?? answer.error ?? (answer.ok ? "Done." : "That failed.") });
  }

  return (
    <section class="control" data-control={control.name} aria-label={control.title}>
      <h4>{control.title}</h4>
      <p>{control.description}</p>
      <div class="control-row">
        {control.targets.length > 0 && (
          <select aria-label={`Target of ${control.title}`} value={target} onChange={(event) => setTarget(event.currentTarget.value)}>
            {control.targets.map((one) => <option key={valueOf(one)} value={valueOf(one)}>{titleOf(one)}</option>)}
          </select>
        )}
        <button type="button" class={`button plain${waiting ? " busy" : ""}`} aria-busy={waiting} onClick={() => void run()}>
          {control.title}
        </button>
      </div>
      {result && <p class={`result${result.ok ? "" : " failed"}`} role="status">{result.text}</p>}
    </section>
  );
}

function FaultToggle({ fault, dispatch }: { fault: SlackFault; dispatch: Dispatch<Change> }) {
  const { server, failed } = useDesk();

  async function toggle(active: boolean): Promise<void> {
    dispatch({ kind: "fault", name: fault.name, active });
    const answer = await server.slackFault(fault.name, active);
    if (answer.slack_faults) dispatch({ kind: "faults", faults: answer.slack_faults });
    if (answer.ok) return;
    dispatch({ kind: "fault", name: fault.name, active: !active });
    failed(answer, fault.title);
  }

  return (
    <label class="choice fault" data-fault={fault.name}>
      <input type="checkbox" role="switch" checked={fault.active} onChange={(event) => void toggle(event.currentTarget.checked)} />
      <span>{fault.title}</span>
    </label>
  );
}

function valueOf(target: ControlTarget | undefined): string {
  return typeof target === "string" ? target : (target?.value ?? "");
}

function titleOf(target: ControlTarget): string {
  return typeof target === "string" ? target : target.title;
}

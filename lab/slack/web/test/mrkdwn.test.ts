import assert from "node:assert/strict";
import { test } from "node:test";
import { type Inline, parseInline, parseMrkdwn } from "../src/text/mrkdwn.ts";

/** A compact form of the tree, for reading. */
function shown(nodes: Inline[]): string {
  return nodes.map(one).join("");
}

function one(node: Inline): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "newline":
      return "⏎";
    case "code":
      return `[code ${node.text}]`;
    case "emoji":
      return node.character;
    case "bold":
    case "italic":
    case "strike":
      return `[${node.kind} ${shown(node.children)}]`;
    case "link":
      return `[link ${node.url} ${node.label ?? ""}]`;
    case "date":
      return `[date ${node.seconds} ${node.format} ${node.fallback}]`;
    case "broadcast":
      return `[broadcast ${node.range}]`;
    default:
      return `[${node.kind} ${node.id}]`;
  }
}

const inline: [why: string, typed: string, expected: string][] = [
  ["styles hug their words", "*bold* _it_ ~st~ `a*b`", "[bold bold] [italic it] [strike st] [code a*b]"],
  ["styles nest", "*a _b_ c*", "[bold a [italic b] c]"],
  ["marks inside words are text", "snake_case_name 2*3*4 a * b *", "snake_case_name 2*3*4 a * b *"],
  ["a mark next to punctuation counts", "(*bold*), *x*:", "([bold bold]), [bold x]:"],
  ["the three entities, once", "&lt;b&gt; &amp;lt; &quot;", "<b> &lt; &quot;"],
  ["escaped references stay text", "&lt;!channel&gt; &lt;@U1&gt;", "<!channel> <@U1>"],
  ["what is no reference stays text", "a <b> c < d > e <!nobody>", "a <b> c < d > e <!nobody>"],
  ["no script links", "<javascript:alert(1)|x>", "<javascript:alert(1)|x>"],
  ["mentions", "<@U0BOB> <#C0OPS|ops> <!subteam^S0DBA|@dba> <!here>", "[user U0BOB] [channel C0OPS] [group S0DBA] [broadcast here]"],
  ["links", "<https://a.example/?x=1&amp;y=2|here> https://b.example/c.", "[link https://a.example/?x=1&y=2 here] [link https://b.example/c ]."],
  ["dates", "<!date^1700000000^{time}|22:13>", "[date 1700000000 {time} 22:13]"],
  ["known emoji only", ":white_check_mark: :+1::skin-tone-2: :nonsense:", "✅ 👍🏻 :nonsense:"],
  ["times are no emoji", "10:20:30 03:12:01", "10:20:30 03:12:01"],
  ["no markdown links", "[a](b) ![x](y) # z", "[a](b) ![x](y) # z"],
  ["unclosed marks are text", "*a `b _c", "*a `b _c"],
];

for (const [why, typed, expected] of inline) {
  test(why, () => assert.equal(shown(parseInline(typed)), expected));
}

test("verbatim text makes no links by itself", () => {
  assert.equal(shown(parseInline("https://a.example", true)), "https://a.example");
});

test("fences keep everything as it is", () => {
  assert.deepEqual(parseMrkdwn("a\n```\n*b* &lt;c&gt; :x:\n```\nd"), [
    { kind: "text", children: [{ kind: "text", text: "a" }, { kind: "newline" }] },
    { kind: "preformatted", text: "*b* <c> :x:" },
    { kind: "text", children: [{ kind: "text", text: "d" }] },
  ]);
});

test("quotes run over lines that begin with >, escaped or not", () => {
  const kinds = parseMrkdwn("> a\n&gt; b\nc").map((paragraph) => paragraph.kind);
  assert.deepEqual(kinds, ["quote", "text"]);
});

test("a long hostile text is parsed in good time", () => {
  const started = performance.now();
  parseMrkdwn("*_~`<:".repeat(7000));
  parseMrkdwn("*a ".repeat(13_000));
  parseMrkdwn("*_".repeat(10_000) + "a" + "_*".repeat(10_000));
  assert.ok(performance.now() - started < 5000);
});

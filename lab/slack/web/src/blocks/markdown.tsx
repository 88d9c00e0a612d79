/** A markdown block: standard Markdown, drawn from marked's tokens. Raw HTML in it stays text. */

import { lexer, type Token, type Tokens } from "marked";
import { useMemo } from "preact/hooks";
import { isLink } from "../text/reference.ts";
import { Link, WithEmoji } from "../text/mrkdwn_view.tsx";

export function MarkdownBlock({ text }: { text: string }) {
  const tokens = useMemo(() => lexer(text), [text]);
  return <div class="markdown"><All tokens={tokens} /></div>;
}

function All({ tokens }: { tokens: Token[] | undefined }) {
  return <>{tokens?.map((token, index) => <One key={index} token={token} />)}</>;
}

function One({ token }: { token: Token }) {
  switch (token.type) {
    case "heading":
      return <h4><All tokens={token.tokens} /></h4>;
    case "paragraph":
      return <p><All tokens={token.tokens} /></p>;
    case "blockquote":
      return <blockquote><All tokens={token.tokens} /></blockquote>;
    case "list":
      return <List list={token as Tokens.List} />;
    case "table":
      return <Table table={token as Tokens.Table} />;
    case "code":
      return <pre>{token.text}</pre>;
    case "hr":
      return <hr />;
    case "br":
      return <br />;
    case "strong":
      return <strong><All tokens={token.tokens} /></strong>;
    case "em":
      return <em><All tokens={token.tokens} /></em>;
    case "del":
      return <s><All tokens={token.tokens} /></s>;
    case "codespan":
      return <code>{token.text}</code>;
    case "link":
      return isLink(token.href) ? <Link url={token.href}><All tokens={token.tokens} /></Link> : <>{token.raw}</>;
    case "checkbox":
      return <input type="checkbox" checked={token.checked === true} disabled aria-label="Done" />;
    case "space":
    case "def":
      return null;
    default:
      return token.type === "text" && "tokens" in token ? <All tokens={token.tokens} /> : <Literal token={token} />;
  }
}

function Literal({ token }: { token: Token }) {
  return token.type === "text" || token.type === "escape" ? <WithEmoji text={token.text} /> : <>{token.raw}</>;
}

function List({ list }: { list: Tokens.List }) {
  const items = list.items.map((item, index) => (
    <li key={index}>
      <All tokens={item.tokens} />
    </li>
  ));
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table }: { table: Tokens.Table }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Table">
      <table>
        <thead>
          <tr>{table.header.map((cell, index) => <th key={index}><All tokens={cell.tokens} /></th>)}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>{row.map((cell, column) => <td key={column}><All tokens={cell.tokens} /></td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

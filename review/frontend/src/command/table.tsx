// A table that is one of cards on a phone.

import type { JSX } from "preact";

interface TableProps {
  title: string;
  columns: string[];
  rows: { key: string; cells: (string | JSX.Element)[] }[];
  empty: string;
}

/** On a phone each row is a card of names and values, so that nothing lies beside the screen. */
export function Table({ title, columns, rows, empty }: TableProps) {
  if (rows.length === 0) return <p class="muted">{empty}</p>;
  return (
    <table class="as-cards" role="table" aria-label={title}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((name) => (
            <th key={name} scope="col" role="columnheader">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(({ key, cells: [head, ...cells] }) => (
          <tr key={key} role="row">
            <th scope="row" role="rowheader">
              {head}
            </th>
            {cells.map((cell, at) => (
              <td key={columns[at + 1]} role="cell" data-name={columns[at + 1]}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

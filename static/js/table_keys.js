/* Tables by keyboard: in <table data-table-keys> up and down (or j and k) walk the rows, Home and End jump, Enter follows
   the row's first link, Space ticks its box. The rows take turns with the tab stop, so Tab leaves the table at once. */

const rowsOf = (table) => [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.querySelector("a[href], input"));

function prepare(room) {
  for (const table of room.querySelectorAll?.("table[data-table-keys]") ?? []) {
    const rows = rowsOf(table);
    if (rows.some((row) => row.tabIndex === 0)) continue;
    for (const row of rows) row.tabIndex = -1;
    const first = rows.find((row) => row.matches(".on, [aria-selected=true]")) ?? rows[0];
    if (first) first.tabIndex = 0;
  }
}

function go(from, to) {
  if (!to) return;
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
  to.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("table[data-table-keys] tbody tr");
  if (!row || event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = rowsOf(row.closest("table"));
  const at = rows.indexOf(row);
  const moves = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: rows.length - 1 };
  if (event.key in moves) go(row, rows[Math.max(0, Math.min(rows.length - 1, moves[event.key]))]);
  else if (event.key === "Enter") row.querySelector("a[href]")?.click();
  else if (event.key === " ") row.querySelector("input[type=checkbox]")?.click();
  else return;
  event.preventDefault();
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("table[data-table-keys] tbody tr");
  if (!row || row.tabIndex === 0) return;
  for (const other of row.closest("table").querySelectorAll("tbody tr[tabindex='0']")) other.tabIndex = -1;
  if (row.hasAttribute("tabindex")) row.tabIndex = 0;
});

prepare(document);
document.addEventListener("htmx:after:swap", () => prepare(document));


"use strict";
(() => {
  const tables = [...document.querySelectorAll("table")];
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const texts = new Map();
  for (const table of tables) {
    for (const row of table.tBodies[0].rows) texts.set(row, row.textContent.toLowerCase());
  }
  const narrow = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [row, text] of texts) row.hidden = !words.every((word) => text.includes(word));
    const rows = [...document.querySelectorAll("table.rows tbody tr")];
    shown.textContent = words.length ? rows.filter((row) => !row.hidden).length + " of " + rows.length + " rows shown" : "";
  };
  find.hidden = false;
  find.addEventListener("input", narrow);
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const key = (row, column) => row.cells[column].dataset.key ?? row.cells[column].textContent;
  for (const table of tables) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [key(row, column), row]);
        rows.sort(([a], [b]) => (a === "") - (b === "") || (up ? order.compare(a, b) : order.compare(b, a)));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }
})();

"use strict";
(() => {
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const rows = [...document.querySelectorAll("tbody tr:not(.head), .lines li")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const heads = [...document.querySelectorAll("tr.head")];
  const narrow = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    rows.forEach((row, place) => {
      row.hidden = !words.every((word) => texts[place].includes(word));
      if (!row.hidden) number += 1;
    });
    for (const head of heads) head.hidden = [...head.parentNode.rows].every((row) => row === head || row.hidden);
    shown.textContent = words.length ? number + " of " + rows.length + " rows shown" : "";
  };
  find.hidden = false;
  find.addEventListener("input", narrow);
})();

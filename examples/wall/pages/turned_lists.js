// Shows as much of each list as fits into its panel, and turns to the rest every eight seconds: no viewer of a wall
// scrolls. The <i> in the heading above a list says which part is shown. A page too small for a wall shows all.
const TURN_EVERY = 8000; // ms
const wall = matchMedia("(min-width: 60rem) and (min-height: 34rem)"); // as in style.css

// Returns a function to call when the rows of the lists have changed.
export function turnLists(lists) {
  const turned = lists.map((list) => ({ list, first: 0, shown: 0, note: list.parentElement.querySelector("h2 i") }));

  function fit() {
    // All rows claim their room first: the panels of a column share it.
    for (const one of turned) {
      if (!wall.matches || one.first >= one.list.children.length) one.first = 0;
      [...one.list.children].forEach((row, i) => (row.hidden = i < one.first));
    }
    for (const one of turned) {
      const rows = [...one.list.children].slice(one.first);
      const bottom = one.list.getBoundingClientRect().bottom + 1;
      const above = rows.findIndex((row) => row.getBoundingClientRect().bottom > bottom);
      one.shown = !wall.matches || above < 0 ? rows.length : Math.max(1, above);
    }
    for (const { list, first, shown, note } of turned) {
      const all = list.children.length;
      [...list.children].forEach((row, i) => (row.hidden = i < first || i >= first + shown));
      note.textContent = shown < all ? `${shown > 1 ? `${first + 1}–` : ""}${first + shown} of ${all}` : "";
    }
  }

  setInterval(() => {
    if (turned.every(({ list, shown }) => shown === list.children.length)) return;
    for (const one of turned) one.first += one.shown; // beyond the end: fit begins again
    fit();
  }, TURN_EVERY);
  addEventListener("resize", fit);
  return fit;
}

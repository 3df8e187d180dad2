// The SPARQL page: examples, Ctrl+Enter, and completion of keywords and the graph's own words.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("query");
  const list = document.getElementById("words");
  const form = document.getElementById("ask");
  const keywords = (
    "SELECT CONSTRUCT ASK DESCRIBE WHERE DISTINCT OPTIONAL UNION MINUS FILTER BIND VALUES GROUP BY " +
    "ORDER BY HAVING LIMIT OFFSET COUNT SUM AVG MIN MAX SAMPLE GROUP_CONCAT NOT EXISTS EXISTS REGEX " +
    "CONTAINS STRSTARTS LCASE UCASE STR LANG YEAR BOUND COALESCE IF DESC ASC AS"
  ).split(" ");
  const words = [...document.querySelectorAll("#vocabulary li")].map((item) => item.textContent);
  const known = [...new Set([...words, ...keywords])];
  let place = -1;

  const before = () => /[\w:?]*$/.exec(field.value.slice(0, field.selectionStart))[0];

  function hide() {
    list.hidden = true;
    place = -1;
    field.removeAttribute("aria-activedescendant");
  }

  function mark(next) {
    place = next;
    [...list.children].forEach((item, index) => {
      item.setAttribute("aria-selected", String(index === place));
      if (index === place) {
        field.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      }
    });
  }

  function offer() {
    const typed = before();
    const wanted = typed.toLowerCase();
    const variables = field.value.match(/\?\w+/g) || [];
    const found = typed.length < 2
      ? []
      : [...new Set([...variables, ...known])].filter((word) => {
          const lower = word.toLowerCase();
          const local = lower.slice(lower.indexOf(":") + 1);
          return word !== typed && (lower.startsWith(wanted) || local.startsWith(wanted));
        }).sort((a, b) => b.startsWith(typed) - a.startsWith(typed)); // those in the same case first
    list.replaceChildren(
      ...found.slice(0, 8).map((word, index) => {
        const item = document.createElement("li");
        item.id = `word-${index}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.textContent = word;
        return item;
      }),
    );
    place = -1;
    list.hidden = list.children.length === 0;
  }

  function take(word) {
    const end = field.selectionStart;
    field.setRangeText(word + " ", end - before().length, end, "end");
    hide();
    field.focus();
  }

  field.addEventListener("input", offer);
  field.addEventListener("blur", hide);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("li");
    if (item) take(item.textContent);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      hide();
      form.requestSubmit();
    } else if (!list.hidden) {
      const count = list.children.length;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark((place + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
      } else if (event.key === "Escape") {
        hide();
      } else if ((event.key === "Tab" && !event.shiftKey) || (event.key === "Enter" && place >= 0)) {
        event.preventDefault();
        take(list.children[Math.max(place, 0)].textContent);
      }
    }
  });
  for (const example of document.querySelectorAll("[data-query]")) {
    example.addEventListener("click", () => {
      field.value = example.dataset.query;
      form.requestSubmit();
    });
  }
});

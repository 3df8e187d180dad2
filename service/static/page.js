// What pages need beyond HTMX: suggestion lists for the keyboard, and the values beside sliders.
"use strict";

function listOf(field) {
  return document.getElementById(field.getAttribute("aria-controls"));
}

function options(field) {
  return [...listOf(field).querySelectorAll('[role="option"]:not([aria-disabled])')];
}

function close(field) {
  listOf(field).hidden = true;
  field.setAttribute("aria-expanded", "false");
  unmark(field);
}

function meaning(option) {
  return option.dataset.href || option.dataset.name;
}

function mark(field, place) {
  const all = options(field);
  all.forEach((option, index) => {
    option.id = `${field.id}-option-${index}`;
    option.setAttribute("aria-selected", String(index === place));
  });
  const chosen = all[place];
  if (chosen) {
    field.setAttribute("aria-activedescendant", chosen.id);
    field.dataset.marked = meaning(chosen);
    chosen.scrollIntoView({ block: "nearest" });
  } else {
    unmark(field);
  }
}

function unmark(field) {
  field.removeAttribute("aria-activedescendant");
  delete field.dataset.marked;
}

function marked(field) {
  return options(field).findIndex((option) => option.getAttribute("aria-selected") === "true");
}

function take(field, option) {
  if (field.dataset.suggest === "link") {
    window.location.assign(option.dataset.href);
    return;
  }
  field.value = option.dataset.name;
  close(field);
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("htmx:afterSwap", (event) => {
  const list = event.detail.target;
  if (!list || list.getAttribute("role") !== "listbox") return;
  const field = document.querySelector(`[aria-controls="${list.id}"]`);
  const open = list.children.length > 0 && document.activeElement === field;
  list.hidden = !open;
  field.setAttribute("aria-expanded", String(open));
  // An answer that comes after an option was marked shows that option again: it stays marked.
  const place = options(field).findIndex((option) => meaning(option) === field.dataset.marked);
  if (place >= 0) mark(field, place);
});

// On a phone the answers are below the form: who asks for them sees them.
document.addEventListener("htmx:afterSwap", (event) => {
  const answer = event.detail.target;
  const asked = event.detail.requestConfig?.triggeringEvent;
  if (answer && ["lists", "answer"].includes(answer.id) && asked?.type === "submit") {
    if (answer.getBoundingClientRect().top > window.innerHeight * 0.8) answer.scrollIntoView();
  }
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.dataset.suggest) return;
  const list = listOf(field);
  if (event.key === "Escape") {
    close(field);
    return;
  }
  if (list.hidden) return;
  const count = options(field).length;
  const place = marked(field);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    mark(field, count ? (place + step + count + (place < 0 && step < 0 ? 1 : 0)) % count : -1);
  } else if (event.key === "Enter" && place >= 0) {
    event.preventDefault();
    take(field, options(field)[place]);
  }
});

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest('[role="option"][data-name]');
  if (!option || option.closest("#words")) return;
  event.preventDefault(); // the field keeps the focus
  take(document.querySelector(`[aria-controls="${option.parentElement.id}"]`), option);
});

document.addEventListener("focusout", (event) => {
  if (event.target.dataset && event.target.dataset.suggest) close(event.target);
});

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.dataset.suggest) unmark(field);
  if (field.type === "range") {
    document.querySelector(`output[for="${field.id}"]`).textContent = Number(field.value).toFixed(1);
  }
  if (field.dataset.chooses) {
    const choice = document.querySelector(`input[name="who"][value="${field.dataset.chooses}"]`);
    if (choice) choice.checked = true;
  }
});

// What stands in a part that is folded is loaded when it is opened; after an error also when it is opened again.
document.addEventListener(
  "toggle",
  (event) => {
    const part = event.target.querySelector?.('[hx-trigger="fill"]');
    if (part && event.target.open && (part.querySelector(".error") || !part.dataset.filled)) {
      part.dataset.filled = "yes";
      htmx.trigger(part, "fill");
    }
  },
  true,
);

document.addEventListener("htmx:sendError", (event) => failed(event, "The service does not answer."));
document.addEventListener("htmx:responseError", (event) => failed(event, "The service could not answer."));

function failed(event, text) {
  const target = event.detail.target;
  if (!target || target.getAttribute("role") === "listbox") return;
  const box = document.createElement("div");
  box.className = "error";
  box.setAttribute("role", "alert");
  box.textContent = `${text} Try again in a moment.`;
  target.replaceChildren(box);
}

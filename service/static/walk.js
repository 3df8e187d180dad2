// The neighbourhood as a drawing that one can walk: Cytoscape.js on a canvas, no layout that moves.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("graph");
  const state = document.getElementById("walk-state");
  const chosen = document.getElementById("chosen");
  const kinds = document.getElementById("kinds");
  const MOST = 500; // more dots than this nobody can read
  const STEP = box.clientWidth < 600 ? 40 : 58; // pixels between dots of one ring
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim();
  const line = style.getPropertyValue("--edge").trim();
  const accent = style.getPropertyValue("--accent").trim();
  const hues = JSON.parse(box.dataset.hues);
  const hue = (kind) => hues[kind] ?? [...kind].reduce((sum, sign) => sum + sign.codePointAt(0), 0) % 12;
  const colour = (kind) => style.getPropertyValue(`--hue${hue(kind)}`).trim();
  const most = box.clientWidth < 600 ? Math.ceil(box.dataset.most / 3) : box.dataset.most;
  const opened = new Set();
  const hidden = new Set();

  const cy = cytoscape({
    container: box,
    minZoom: 0.1,
    maxZoom: 3,
    hideEdgesOnViewport: false,
    textureOnViewport: false,
    pixelRatio: "auto",
    layout: { name: "preset" },
    style: [
      {
        selector: "node",
        style: {
          label: "data(label)",
          "background-color": (node) => colour(node.data("type")),
          color: ink,
          width: 18,
          height: 18,
          "font-size": 12,
          "font-family": "system-ui, sans-serif",
          "text-valign": "bottom",
          "text-margin-y": 3,
          "text-max-width": 110,
          "text-wrap": "ellipsis",
          "min-zoomed-font-size": 5,
          "text-outline-width": 2,
          "text-outline-color": style.getPropertyValue("--paper").trim(),
        },
      },
      { selector: "node.open", style: { width: 30, height: 30, "font-size": 15, "font-weight": 600 } },
      { selector: "node:selected", style: { "border-width": 3, "border-color": accent } },
      {
        selector: "edge",
        style: {
          width: 1.2,
          "line-color": line,
          "target-arrow-color": line,
          "target-arrow-shape": "triangle",
          "arrow-scale": 0.7,
          "curve-style": "bezier",
        },
      },
      { selector: "edge[?inferred]", style: { "line-style": "dashed" } },
      {
        selector: "edge.near",
        style: {
          width: 2,
          "line-color": accent,
          "target-arrow-color": accent,
          label: "data(label)",
          color: ink,
          "font-size": 10,
          "min-zoomed-font-size": 5,
          "text-rotation": "autorotate",
          "text-background-color": style.getPropertyValue("--paper").trim(),
          "text-background-opacity": 0.85,
        },
      },
      { selector: ".off", style: { display: "none" } },
    ],
  });

  // New dots stand in rings around the one that was opened, those of one relation side by side.
  function arrange(centre, fresh) {
    const from = centre.position();
    const count = fresh.length;
    const parent = centre.scratch("_from");
    let radius = Math.max(120, (count * STEP) / (2 * Math.PI));
    const rings = radius > 420 ? Math.ceil(radius / 420) : 1;
    if (parent && count > 2) {
      // step away from where one came from, so that the rings do not lie upon each other
      const before = cy.getElementById(parent).position();
      const away = Math.atan2(from.y - before.y, from.x - before.x);
      const far = radius / rings + 160;
      centre.position({ x: before.x + far * Math.cos(away) * 1.6, y: before.y + far * Math.sin(away) * 1.6 });
    }
    const middle = centre.position();
    radius = Math.max(120, (count * STEP) / (2 * Math.PI * rings));
    fresh.forEach((node, place) => {
      const ring = place % rings;
      const angle = (2 * Math.PI * place) / count - Math.PI / 2;
      const distance = radius + ring * 75 + (count > 14 && place % 2 ? 34 : 0);
      node.position({ x: middle.x + distance * Math.cos(angle), y: middle.y + distance * Math.sin(angle) });
    });
  }

  async function open(id) {
    if (opened.has(id)) return;
    if (cy.nodes().length >= MOST) {
      state.textContent = `${MOST} things are shown, and more cannot be read: start again from here.`;
      return;
    }
    opened.add(id);
    state.textContent = "Asking …";
    let found;
    try {
      const path = encodeURIComponent(id).replaceAll("%3A", ":");
      const answer = await fetch(`/api/entities/${path}/neighbours?most=${most}`);
      if (!answer.ok) throw new Error(String(answer.status));
      found = await answer.json();
    } catch {
      opened.delete(id);
      state.textContent = "The service does not answer; try again in a moment.";
      return;
    }
    const left = MOST - cy.nodes().length;
    const fresh = found.nodes.filter((node) => cy.getElementById(node.id).empty()).slice(0, left);
    cy.batch(() => {
      const added = cy.add(
        fresh.map((node) => ({ data: node, position: { x: 0, y: 0 } })),
      );
      const centre = cy.getElementById(id);
      centre.addClass("open");
      added.forEach((node) => {
        if (node.id() !== id) node.scratch("_from", id);
      });
      arrange(centre, added.filter((node) => node.id() !== id));
      cy.add(
        found.edges
          .map((edge) => ({ data: { ...edge, id: `${edge.source} ${edge.predicate} ${edge.target}` } }))
          .filter((edge) => cy.getElementById(edge.data.id).empty()
            && cy.getElementById(edge.data.source).nonempty()
            && cy.getElementById(edge.data.target).nonempty()),
      );
    });
    showKinds();
    choose(cy.getElementById(id));
    cy.animate({ fit: { eles: cy.getElementById(id).closedNeighbourhood(":visible"), padding: 30 } },
      { duration: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250 });
    const more = found.more ? `; ${found.more.toLocaleString("en")} more of the same relations are not` : "";
    state.textContent = `${cy.nodes().length} things are shown${more}.`;
  }

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function choose(node) {
    cy.edges().removeClass("near");
    cy.elements(":selected").unselect();
    node.select();
    node.connectedEdges().addClass("near");
    const path = encodeURIComponent(node.id()).replaceAll("%3A", ":");
    const kind = node.data("type").replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
    const parts = [element("h2", node.data("label")), element("p", `${kind} · ${node.degree(false)} links shown`)];
    const links = element("p", "", { class: "actions" });
    links.append(element("a", "Card", { class: "button", href: `/entities/${path}` }));
    if (!opened.has(node.id())) {
      const walk = element("button", "Walk on", { type: "button" });
      walk.addEventListener("click", () => open(node.id()));
      links.append(walk);
    }
    chosen.replaceChildren(...parts, links);
  }

  function showKinds() {
    const counts = new Map();
    cy.nodes().forEach((node) => counts.set(node.data("type"), (counts.get(node.data("type")) || 0) + 1));
    kinds.replaceChildren(
      ...[...counts].sort((a, b) => b[1] - a[1]).map(([kind, count]) => {
        const label = element("label", "");
        const tick = element("input", "", { type: "checkbox" });
        tick.checked = !hidden.has(kind);
        tick.addEventListener("change", () => {
          if (tick.checked) hidden.delete(kind);
          else hidden.add(kind);
          cy.batch(() => cy.nodes().forEach((node) => node.toggleClass("off", hidden.has(node.data("type")) && !node.hasClass("open"))));
        });
        const words = kind.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
        label.append(tick, element("span", "", { class: `dot hue${hue(kind)}` }), ` ${words} (${count})`);
        return label;
      }),
    );
    cy.nodes().forEach((node) => node.toggleClass("off", hidden.has(node.data("type")) && !node.hasClass("open")));
  }

  cy.on("tap", "node", (event) => {
    const node = event.target;
    if (chosen.dataset.id === node.id()) open(node.id());
    else choose(node);
    chosen.dataset.id = node.id();
  });

  // The keyboard walks along the links of the chosen dot.
  box.addEventListener("keydown", (event) => {
    const here = cy.nodes(":selected");
    if (here.empty()) return;
    if (event.key === "Enter") {
      open(here.id());
    } else if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      const { x, y } = here.position();
      const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      let best = null;
      let least = Infinity;
      cy.nodes(":visible").forEach((node) => {
        const ahead = (node.position().x - x) * dx + (node.position().y - y) * dy;
        const aside = Math.abs((node.position().x - x) * dy) + Math.abs((node.position().y - y) * dx);
        if (ahead > 1 && ahead + 2 * aside < least) [best, least] = [node, ahead + 2 * aside];
      });
      if (best) {
        choose(best);
        chosen.dataset.id = best.id();
      }
    } else if (event.key === "+" || event.key === "-") {
      cy.zoom({ level: cy.zoom() * (event.key === "+" ? 1.25 : 0.8), renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
    }
  });
  document.getElementById("fit").addEventListener("click", () => cy.fit(cy.elements(":visible"), 30));
  document.getElementById("start-again").addEventListener("click", () => {
    const id = cy.nodes(":selected").nonempty() ? cy.nodes(":selected").id() : box.dataset.id;
    opened.clear();
    cy.elements().remove();
    open(id);
  });
  window.cy = cy; // for those who look into it with the browser's tools
  open(box.dataset.id);
});

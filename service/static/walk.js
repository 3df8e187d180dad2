// The neighbourhood as a drawing that one can walk: Cytoscape.js on a canvas, no layout that moves.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("graph");
  const state = document.getElementById("walk-state");
  const chosen = document.getElementById("chosen");
  const kinds = document.getElementById("kinds");
  const FEW = 6; // links that are written out
  const MOST = 500; // more dots than this nobody can read
  const narrow = box.clientWidth < 600;
  const LINE = narrow ? 22 : 20; // pixels between two names below each other
  const REACH = narrow ? 58 : 170; // from the opened dot to those beside it
  const NAME = narrow ? 100 : 190; // longest name; the rest is cut
  const PADDING = narrow ? 6 : 24;
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim();
  const line = style.getPropertyValue("--edge").trim();
  const accent = style.getPropertyValue("--accent").trim();
  const hues = JSON.parse(box.dataset.hues);
  const hue = (kind) => hues[kind] ?? [...kind].reduce((sum, sign) => sum + sign.codePointAt(0), 0) % 12;
  const colour = (kind) => style.getPropertyValue(`--hue${hue(kind)}`).trim();
  const most = narrow ? Math.ceil(box.dataset.most / 3) : box.dataset.most;
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
          "text-halign": "right",
          "text-valign": "center",
          "text-margin-x": 4,
          "text-max-width": NAME,
          "text-wrap": "ellipsis",
          "text-events": "yes",
          "min-zoomed-font-size": 6,
          "text-outline-width": 2,
          "text-outline-color": style.getPropertyValue("--paper").trim(),
        },
      },
      { selector: "node.left", style: { "text-halign": "left", "text-margin-x": -4 } },
      {
        selector: "node.open",
        style: {
          width: narrow ? 22 : 30,
          height: narrow ? 22 : 30,
          "font-size": narrow ? 13 : 15,
          "font-weight": 600,
          "text-halign": "center",
          "text-max-width": narrow ? 90 : NAME,
          "text-valign": "bottom",
          "text-margin-x": 0,
          "text-margin-y": 3,
          "text-outline-width": 4,
          "z-index": 9,
        },
      },
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
        },
      },
      {
        selector: "edge.named",
        style: {
          label: "data(label)",
          color: ink,
          "font-size": 11,
          "min-zoomed-font-size": 6,
          "text-rotation": "autorotate",
          "text-background-color": style.getPropertyValue("--paper").trim(),
          "text-background-opacity": 0.9,
          "z-index": 9,
        },
      },
      { selector: ".off", style: { display: "none" } },
    ],
  });

  // New dots stand to the right and left of the one that was opened, clockwise from the top, with names beside
  // them, a line for each: no name lies on another one. Those of one relation are side by side.
  function arrange(centre, fresh) {
    const rows = Math.ceil(fresh.length / 2);
    const half = Math.max((rows * LINE) / 2, 2 * LINE);
    const parent = centre.scratch("_from");
    if (parent && fresh.nonempty()) stepAway(centre, cy.getElementById(parent).position(), half, fresh);
    const middle = centre.position();
    fresh.forEach((node, place) => {
      const right = place < rows;
      const line = right ? place : fresh.length - 1 - place;
      const y = (line - ((right ? rows : fresh.length - rows) - 1) / 2) * LINE;
      const x = 20 + (REACH - 20) * Math.sqrt(Math.max(1 - (y / (half + LINE)) ** 2, 0));
      node.position({ x: middle.x + (right ? x : -x), y: middle.y + y });
      node.toggleClass("left", !right);
    });
  }

  // Away from where one came from, as far as there is free space for the new dots and their names.
  function stepAway(centre, from, half, fresh) {
    const start = centre.position();
    const away = Math.atan2(start.y - from.y, start.x - from.x);
    const others = cy.nodes().difference(fresh).difference(centre).map((node) => node.position());
    let far = Math.hypot(start.x - from.x, start.y - from.y) + 80;
    for (let tries = 0; tries < 500; tries += 1, far += LINE) {
      const at = { x: from.x + far * Math.cos(away), y: from.y + far * Math.sin(away) };
      centre.position(at);
      const isFree = ({ x, y }) => Math.abs(x - at.x) > REACH + 2 * NAME || Math.abs(y - at.y) > half + 2 * LINE;
      if (others.every(isFree)) return;
    }
  }

  async function open(id) {
    if (opened.has(id)) return;
    if (cy.nodes().length >= MOST) {
      state.textContent = `${MOST} entities are shown, as many as can be read. Choose one and start again from there.`;
      return;
    }
    opened.add(id);
    state.textContent = "Loading …";
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
    const room = MOST - cy.nodes().length;
    const fresh = found.nodes.filter((node) => cy.getElementById(node.id).empty()).slice(0, room);
    let added;
    cy.batch(() => {
      added = cy.add(
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
    const centre = cy.getElementById(id);
    // With what it is linked to elsewhere, if the names can still be read then.
    const around = centre.closedNeighbourhood(":visible");
    const { w, h } = around.boundingBox();
    const isLegible = added.empty() || Math.min(cy.width() / w, cy.height() / h) > 0.7;
    const shown = isLegible ? around : added.union(centre);
    const size = shown.boundingBox();
    const level = Math.min((cy.width() - 2 * PADDING) / size.w, (cy.height() - 2 * PADDING) / size.h, 1.3);
    cy.animate({ zoom: Math.max(level, cy.minZoom()), center: { eles: shown } },
      { duration: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250 });
    const leftOut = found.more === 1 ? "1 neighbour" : `${found.more.toLocaleString("en")} neighbours`;
    const more = found.more ? `; ${leftOut} of ${centre.data("label")} left out` : "";
    const count = cy.nodes().length;
    state.textContent = `${count === 1 ? "1 entity is" : `${count} entities are`} shown${more}.`;
  }

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // The relation is written on a few links; of many, on the middle one of each relation.
  function name(node) {
    cy.edges().removeClass("near named");
    const links = node.connectedEdges().filter((link) => link.connectedNodes(".off").empty());
    links.addClass("near");
    if (links.length <= (narrow ? 2 : FEW)) {
      links.addClass("named");
    } else if (!narrow) {
      const groups = new Map();
      links.forEach((link) => {
        const key = `${link.data("label")} ${link.data("source") === node.id()}`;
        groups.set(key, [...(groups.get(key) || []), link]);
      });
      for (const group of groups.values()) group[Math.floor((group.length - 1) / 2)].addClass("named");
    }
    return links;
  }

  function choose(node) {
    cy.elements(":selected").unselect();
    node.select();
    const facts = name(node);
    const path = encodeURIComponent(node.id()).replaceAll("%3A", ":");
    const kind = node.data("type").replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
    const parts = [element("h2", node.data("label")), element("p", `${kind} · ${facts.length} link${facts.length === 1 ? "" : "s"} shown`)];
    if (facts.length <= FEW) {
      const lines = facts.map((link) => `${link.source().data("label")} – ${link.data("label")} → ${link.target().data("label")}`);
      parts.push(...lines.map((text) => element("p", text, { class: "soft" })));
    }
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
          hide();
          const here = cy.nodes(":selected");
          if (here.nonempty()) name(here);
        });
        const words = kind.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
        label.append(tick, element("span", "", { class: `dot hue${hue(kind)}` }), ` ${words} (${count})`);
        return label;
      }),
    );
    hide();
  }

  function hide() {
    const isOff = (node) => hidden.has(node.data("type")) && !node.hasClass("open");
    cy.batch(() => cy.nodes().forEach((node) => node.toggleClass("off", isOff(node))));
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
  document.getElementById("fit").addEventListener("click", () => cy.fit(cy.elements(":visible"), PADDING));
  document.getElementById("start-again").addEventListener("click", () => {
    const id = cy.nodes(":selected").nonempty() ? cy.nodes(":selected").id() : box.dataset.id;
    opened.clear();
    cy.elements().remove();
    open(id);
  });
  window.cy = cy; // for those who look into it with the browser's tools
  open(box.dataset.id);
});

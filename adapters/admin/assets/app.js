// What the pages do better with a script. Without it they read and change all the same.
"use strict";

(() => {
  // Plots are drawn from the table behind them: what is seen and what is read can't differ.

  const drawn = [];
  const inkOf = (element) => getComputedStyle(element).color;

  const counts = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const units = {
    count: { tick: (value) => counts.format(value), read: (value) => plain.format(value) },
    bytes: { tick: bytes, read: bytes },
    ms: { tick: (value) => `${plain.format(value)} ms`, read: (value) => `${plain.format(value)} ms` },
  };

  function bytes(value) {
    const names = ["B", "kB", "MB", "GB", "TB"];
    let step = 0;
    while (Math.abs(value) >= 1000 && step < names.length - 1) {
      value /= 1000;
      step += 1;
    }
    return `${plain.format(Number(value.toPrecision(3)))} ${names[step]}`;
  }

  // As the tables write times: 2026-11-25, or 02:41 where a day is divided.
  function dayOf(seconds, step) {
    const text = new Date(seconds * 1000).toISOString();
    return step < 86400 && !text.includes("T00:00") ? text.slice(11, 16) : text.slice(5, 10);
  }

  function columnsOf(table) {
    const rows = Array.from(table.tBodies[0].rows);
    const plotted = Number(table.dataset.plotted ?? Infinity);
    const width = rows.length ? Math.min(rows[0].cells.length, plotted + 1) : 0;
    const number = (cell) => (cell.dataset.value ? Number(cell.dataset.value) : null);
    return Array.from({ length: width }, (_, column) => rows.map((row) => number(row.cells[column])));
  }

  function draw(figure) {
    const table = figure.querySelector("table[data-plot]");
    const data = table ? columnsOf(table) : [];
    if (data.length < 2 || data[0].length < 2) return;

    const unit = units[table.dataset.plot] ?? units.count;
    const names = Array.from(table.tHead.rows[0].cells, (cell) => cell.textContent.trim());
    const place = document.createElement("div");
    place.className = "drawn";
    place.setAttribute("role", "img");
    const title = figure.querySelector("figcaption h3, figcaption h2")?.textContent ?? "";
    place.setAttribute("aria-label", `${title}: a plot of the table below`);
    const reading = document.createElement("p");
    reading.className = "reading";
    reading.setAttribute("aria-hidden", "true");
    figure.querySelector("figcaption").after(place, reading);

    const rest = "Point at the plot to read it.";
    reading.textContent = rest;
    const swatches = Array.from(figure.querySelectorAll(".swatch"));
    const soft = () => inkOf(reading);
    const axis = { stroke: soft, font: "12px Inter, system-ui, sans-serif", ticks: { show: false } };
    const grid = { stroke: () => inkOf(figure.querySelector(".plot-line")), width: 1 };
    const options = {
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      width: place.clientWidth,
      height: place.clientHeight,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, space: 70, values: (_, ticks, __, ___, step) => ticks.map((at) => dayOf(at, step)) },
        { ...axis, grid, size: 62, values: (_, ticks) => ticks.map(unit.tick) },
      ],
      series: [
        {},
        ...data.slice(1).map((_, at) => ({
          label: names[at + 1],
          stroke: () => inkOf(swatches[at] ?? reading),
          width: 2,
          dash: at === 0 ? undefined : [6 - at, 3],
          points: { show: data[0].length < 40, size: 5 },
          spanGaps: true,
        })),
      ],
      hooks: {
        setCursor: [
          (plot) => {
            const at = plot.cursor.idx;
            if (at === null || at === undefined) {
              reading.textContent = rest;
              return;
            }
            const when = table.tBodies[0].rows[at].cells[0].textContent.trim();
            const values = data.slice(1).map((column, series) => {
              const value = column[at];
              return `${names[series + 1]} ${value === null ? "–" : unit.read(value)}`;
            });
            reading.textContent = `${when}: ${values.join(" · ")}`;
          },
        ],
      },
    };
    const plot = new uPlot(options, data, place);
    drawn.push(plot);
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: place.clientHeight })).observe(place);
    const table_of = figure.querySelector("details");
    if (table_of) table_of.open = false;
  }

  function drawAll(root) {
    if (typeof uPlot !== "undefined") root.querySelectorAll("figure.plot").forEach(draw);
  }

  // A button that needs the tenant's name typed is dull until it is.

  function guard(form) {
    const field = form.querySelector("[data-confirm]");
    const button = form.querySelector("button[type=submit]");
    if (!field || !button) return;
    const check = () => {
      button.disabled = field.value.trim() !== field.dataset.confirm;
    };
    field.addEventListener("input", check);
    check();
  }

  // What a select chooses is gone to at once; its button is for whoever has no script.

  function quick(select) {
    select.addEventListener("change", () => select.form.requestSubmit());
    select.form.querySelector("[data-without-script]")?.setAttribute("hidden", "");
  }

  function prepare(root) {
    drawAll(root);
    root.querySelectorAll("form.confirm").forEach(guard);
    root.querySelectorAll("select[data-quick]").forEach(quick);
  }

  document.addEventListener("DOMContentLoaded", () => prepare(document));
  document.addEventListener("htmx:afterSwap", (event) => prepare(event.detail.target));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawn.forEach((plot) => plot.redraw());
  });
})();

'use strict';
(() => {
  const figures = Object.entries(JSON.parse(document.getElementById('figures').textContent));
  const touch = matchMedia('(pointer: coarse)').matches;
  const resized = new ResizeObserver((entries) =>
    entries.forEach((entry) => Plotly.Plots.resize(entry.target)));
  const plots = [];
  const bands = document.getElementById('bands');
  const switches = [...document.querySelectorAll('button[data-policy]')];

  // Which traces of a plot are shown, by the switches of policies and of intervals.
  const visible = (traces) => {
    const hidden = new Set(switches.filter((b) => b.getAttribute('aria-pressed') === 'false')
                                   .map((b) => b.dataset.policy));
    return traces.map((trace) =>
      !hidden.has(trace.legendgroup) && (trace.meta !== 'band' || bands.checked));
  };
  const show = () =>
    plots.forEach((plot) => Plotly.restyle(plot, {visible: visible(plot.data)}));
  for (const button of switches) {
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') === 'false');
      show();
    });
  }
  if (bands) bands.addEventListener('change', show);  // there are plots

  for (const button of document.querySelectorAll('button[data-walks]')) {
    const dialog = document.getElementById(button.dataset.walks);
    button.addEventListener('click', () => {
      dialog.showModal();
      dialog.querySelectorAll('video').forEach((video) => video.play().catch(() => {}));
    });
    dialog.addEventListener('close', () =>
      dialog.querySelectorAll('video').forEach((video) => video.pause()));
  }

  // One plot at a time, so that the page can be read and used meanwhile.
  const draw = () => {
    const next = figures.shift();
    if (!next) {
      document.documentElement.dataset.drawn = plots.length;
      return;
    }
    const [name, {data, layout}] = next;
    const plot = document.getElementById(name);
    if (touch) layout.dragmode = false;  // a finger scrolls the page
    visible(data).forEach((shown, index) => { data[index].visible = shown; });
    plots.push(plot);
    Plotly.newPlot(plot, data, layout, {displayModeBar: false}).then(() => {
      resized.observe(plot);
      setTimeout(draw);
    });
  };
  draw();

  addEventListener('beforeprint', () => {
    document.querySelectorAll('details').forEach((details) => { details.open = true; });
    plots.forEach((plot) => { resized.unobserve(plot); Plotly.relayout(plot, {width: 320}); });
  });
  addEventListener('afterprint', () => plots.forEach((plot) =>
    Plotly.relayout(plot, {width: null, autosize: true}).then(() => resized.observe(plot))));
})();

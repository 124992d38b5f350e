'use strict';
(() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const narrow = matchMedia('(pointer: coarse)').matches;
  const config = {displayModeBar: false};
  const resized = new ResizeObserver((entries) =>
    entries.forEach((entry) => Plotly.Plots.resize(entry.target)));
  const plots = Object.entries(figures).map(([name, figure]) => {
    const place = document.getElementById(name);
    if (narrow) figure.layout.dragmode = false;  // a finger scrolls the page
    Plotly.newPlot(place, figure.data, figure.layout, config).then(() => resized.observe(place));
    return place;
  });

  const bands = document.getElementById('bands');
  const switches = [...document.querySelectorAll('button[data-policy]')];
  const show = () => {
    const hidden = new Set(switches.filter((b) => b.getAttribute('aria-pressed') === 'false')
                                   .map((b) => b.dataset.policy));
    for (const plot of plots) {
      const visible = plot.data.map((trace) =>
        !hidden.has(trace.legendgroup) && (trace.meta !== 'band' || bands.checked));
      Plotly.restyle(plot, {visible});
    }
  };
  for (const button of switches) {
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') === 'false');
      show();
    });
  }
  bands.addEventListener('change', show);
  if (!bands.checked) show();

  for (const button of document.querySelectorAll('button[data-walks]')) {
    const dialog = document.getElementById(button.dataset.walks);
    button.addEventListener('click', () => {
      dialog.showModal();
      dialog.querySelectorAll('video').forEach((video) => video.play().catch(() => {}));
    });
    dialog.querySelector('button').addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () =>
      dialog.querySelectorAll('video').forEach((video) => video.pause()));
  }

  addEventListener('beforeprint', () => {
    document.querySelectorAll('details').forEach((details) => { details.open = true; });
    plots.forEach((plot) => { resized.unobserve(plot); Plotly.relayout(plot, {width: 320}); });
  });
  addEventListener('afterprint', () => plots.forEach((plot) =>
    Plotly.relayout(plot, {width: null, autosize: true}).then(() => resized.observe(plot))));
})();

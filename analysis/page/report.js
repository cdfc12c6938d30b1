// Draws the charts of a report. Each .chart holds its Vega-Lite JSON, one that can be turned its Vega JSON; this sets the width,
// keeps end labels or legend, and adds the links that save a chart as SVG or PNG. Colours are CSS variables: no redraw when the
// theme changes.
(() => {
  'use strict';
  const kRightMargin = 14, kNarrow = 250, kSquare = 420, kCellWidth = 64, kCellHeight = 22, kView = 620, kPanel = 260, kFieldAxis = 52;

  const config = {
    background: null, padding: 2, font: 'system-ui, "Segoe UI", Roboto, sans-serif',
    view: { stroke: 'var(--line)' },
    title: { color: 'var(--ink)', fontSize: 13, fontWeight: 600, offset: 8 },
    axis: {
      labelColor: 'var(--ink-2)', titleColor: 'var(--ink)', gridColor: 'var(--grid)', domainColor: 'var(--line)',
      tickColor: 'var(--line)', labelFontSize: 12, titleFontSize: 13, titleFontWeight: 'normal', titlePadding: 8,
      labelFlush: false, labelOverlap: true,
    },
    legend: {
      labelColor: 'var(--ink)', titleColor: 'var(--ink)', labelFontSize: 12, labelLimit: 300, rowPadding: 3,
      columnPadding: 14,
    },
  };

  const viewConfig = {
    background: null, padding: 2, text: { font: config.font },
    legend: { labelFont: config.font, labelColor: 'var(--ink)', labelFontSize: 12, labelLimit: 300, columnPadding: 14 },
  };

  function forEachEncoding(panel, visit) {
    for (const layer of panel.layer) if (layer.encoding) visit(layer.encoding);
  }

  // One chart, two forms: lines named at their ends where there is room, by the one legend that the panels share otherwise.
  function sizeLines(spec, room) {
    const meta = spec.usermeta, wide = room - meta.axis_room - meta.label_room;
    const labelled = wide >= kNarrow;
    const width = labelled ? wide : room - meta.axis_room - kRightMargin;
    for (const panel of spec.vconcat) {
      panel.width = width;
      if (!labelled) panel.layer = panel.layer.filter((layer) => !(layer.name || '').startsWith('end label'));
      forEachEncoding(panel, (encoding) => {
        for (const channel of ['color', 'strokeDash', 'shape']) {
          if (!encoding[channel]) continue;
          if (labelled) encoding[channel].legend = null;
          else encoding[channel].legend.columns = Math.max(1, Math.floor(room / (meta.label_room + 34)));
        }
      });
    }
  }

  function sizeSquare(spec, room) {
    spec.width = spec.height = Math.min(kSquare, room - spec.usermeta.axis_room - kRightMargin - 20);
  }

  function sizeMatrix(spec, room) {
    const meta = spec.usermeta, wide = Math.min(kCellWidth, (room - meta.axis_room - kRightMargin) / meta.columns);
    const cell = wide > 4 ? Math.floor(wide) : wide;  // whole pixels leave no seams
    spec.width = cell * meta.columns;
    spec.height = kCellHeight * meta.rows;
    if (cell < meta.number_room)
      spec.layer = spec.layer.filter((layer) => layer.name !== 'cell numbers');
  }

  // Panels of one shape side by side, as many as the chart has columns.
  function sizeField(spec, room) {
    const meta = spec.usermeta, width = Math.min(kPanel, Math.floor((room - kFieldAxis - kRightMargin) / meta.columns) - 6);
    for (const row of spec.vconcat) {
      for (const panel of row.hconcat) {
        panel.width = width;
        panel.height = Math.round(width * meta.aspect);
        for (const layer of panel.layer) {
          const legend = layer.encoding.color && layer.encoding.color.legend;
          if (legend) legend.gradientLength = width - 4;
        }
      }
    }
  }

  function sizeView3d(spec, room) {
    spec.width = Math.min(kView, room - 10);
    spec.height = 0.8 * spec.width;
    for (const legend of spec.legends || []) legend.columns = Math.max(1, Math.floor(room / (spec.usermeta.label_room + 34)));
  }

  const sizes = { lines: sizeLines, square: sizeSquare, matrix: sizeMatrix, field: sizeField, view3d: sizeView3d };

  // The JSON of a chart in the room that there is. A view that was turned stays so.
  function sized(chart, room) {
    const spec = JSON.parse(chart.json), kind = spec.usermeta.kind;
    sizes[kind](spec, room);
    spec.config = kind === 'view3d' ? viewConfig : config;
    for (const signal of spec.signals || []) if (chart.view && signal.bind) signal.value = chart.view.signal(signal.name);
    return spec;
  }

  // The drawn chart as a stand-alone SVG with the light palette: CSS variables mean nothing outside this page.
  function exportSvg(chart) {
    const svg = chart.querySelector('svg').cloneNode(true);
    const paper = getComputedStyle(document.querySelector('.paper'));
    const box = svg.viewBox.baseVal;
    svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    svg.setAttribute('width', box.width);
    svg.setAttribute('height', box.height);
    svg.removeAttribute('style');
    const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const [name, value] of Object.entries({ width: box.width, height: box.height, fill: '#ffffff' }))
      ground.setAttribute(name, value);
    svg.insertBefore(ground, svg.firstChild);
    return new XMLSerializer().serializeToString(svg)
      .replace(/var\((--[\w-]+)\)/g, (_, name) => paper.getPropertyValue(name).trim());
  }

  function save(url, name) {
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
  }

  function svgUrl(chart) {
    return URL.createObjectURL(new Blob([exportSvg(chart)], { type: 'image/svg+xml' }));
  }

  function savePng(chart, name) {
    const picture = new Image(), scale = 3;
    picture.onload = () => {
      const canvas = document.createElement('canvas');
      canvas.width = picture.width * scale;
      canvas.height = picture.height * scale;
      canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(URL.createObjectURL(blob), name));
    };
    picture.src = svgUrl(chart);
  }

  function button(text, label, action) {
    const element = document.createElement('button');
    element.type = 'button';
    element.textContent = text;
    element.setAttribute('aria-label', label);
    element.addEventListener('click', action);
    return element;
  }

  function addLinks(figure, charts, number) {
    const links = figure.querySelector('.links');
    charts.forEach((chart, index) => {
      const part = charts.length > 1 ? String.fromCharCode(97 + index) : '', name = `figure-${number}${part}`;
      links.append(
        button(`SVG${part && ' ' + part}`, `Save ${name} as SVG`, () => save(svgUrl(chart), `${name}.svg`)),
        button(`PNG${part && ' ' + part}`, `Save ${name} as PNG`, () => savePng(chart, `${name}.png`)));
    });
  }

  const charts = [...document.querySelectorAll('.chart')].map((element) => {
    const json = element.querySelector('script').textContent, canvas = document.createElement('div');
    element.append(canvas);
    return { element, canvas, json, drawn: 0, view: null };
  });

  async function draw(chart) {
    const room = Math.floor(chart.element.clientWidth);
    if (room === chart.drawn || room < 100) return;
    chart.drawn = room;
    const spec = sized(chart, room), mode = spec.usermeta.kind === 'view3d' ? 'vega' : 'vega-lite';
    if (chart.view) chart.view.finalize();
    chart.view = (await vegaEmbed(chart.canvas, spec, { mode, renderer: 'svg', actions: false, tooltip: { theme: 'custom' } })).view;
  }

  let waiting = 0;
  function drawAll() {
    Promise.all(charts.map(draw)).catch((error) => {
      const notice = document.createElement('p');
      notice.className = 'notice';
      notice.textContent = `A chart could not be drawn: ${error.message}. Its numbers are in the table below it.`;
      document.querySelector('main').prepend(notice);
    });
  }
  drawAll();
  addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
  let number = 0;
  for (const figure of document.querySelectorAll('figure')) {
    const own = [...figure.querySelectorAll('.chart')];
    if (own.length) addLinks(figure, own, ++number);
  }
})();

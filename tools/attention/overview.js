'use strict';
// The overview of a model with several heads: a thumbnail of each, layers down, heads across, in one
// grid for each kind of attention. Kinds are told by the texts that ask and are asked.
const kinds = {
  'source source': {
    name: 'Encoder self-attention', short: 'the source looks at itself',
    about: 'How much each word of the source (rows) looked at each word of the source (columns) ' +
           'while the encoder read it.',
  },
  'target target': {
    name: 'Decoder self-attention', short: 'the translation looks at itself',
    about: 'Each row is the word that the decoder has just read, <s> at first, on its way to the ' +
           'next word; columns are the words that it looked back at. Later words are hidden from it.',
  },
  'target source': {
    name: 'Cross-attention', short: 'the translation looks at the source',
    about: 'How much each word of the translation (rows) looked at each word of the source ' +
           '(columns) while it was written.',
  },
  'source target': {
    name: 'Cross-attention', short: 'the source looks at the translation',
    about: 'How much each word of the source (rows) looked at each word of the translation ' +
           '(columns).',
  },
};
const kindOf = layer => layer.queries + ' ' + layer.keys;

// The kinds of a sentence in the order above, each with the indices of its layers.
function groupsOf(it) {
  const layersOf = kind => [...it.layers.keys()].filter(l => kindOf(it.layers[l]) === kind);
  return Object.keys(kinds).map(kind => ({ ...kinds[kind], layers: layersOf(kind) }))
      .filter(group => group.layers.length > 0);
}

const overview = { thumbs: [], groups: [], shape: '', job: 0 };

function buildOverview(it) {
  const shape = it.layers.map(layer => layer.name + kindOf(layer) + layer.heads.length).join('\n');
  if (shape === overview.shape) return;
  Object.assign(overview, { shape, thumbs: [], groups: groupsOf(it) });
  const pane = at('overview');
  pane.replaceChildren();
  for (const group of overview.groups) {
    const section = document.createElement('section');
    pane.append(section);
    element('h3', group.name, section);
    element('p', group.short, section);
    buildGrid(group, it, section);
  }
  sizeThumbs();
}
function buildGrid(group, it, parent) {
  const most = Math.max(...group.layers.map(l => it.layers[l].heads.length));
  const grid = document.createElement('div');
  grid.className = 'grid';
  grid.style.gridTemplateColumns = `max-content repeat(${most}, var(--thumb))`;
  parent.append(grid);
  element('span', 'head', grid).className = 'side';
  for (let h = 0; h < most; ++h) element('span', h, grid);
  group.layers.forEach((l, row) => {
    const side = element('span', row === 0 ? `layer ${row}` : row, grid);
    side.className = 'side';
    side.title = it.layers[l].name;
    it.layers[l].heads.forEach((_, h) => overview.thumbs.push(buildThumb(grid, l, h, row)));
  });
}
function buildThumb(grid, layer, head, row) {
  const button = document.createElement('button'), canvas = document.createElement('canvas');
  const { name } = overview.groups.find(group => group.layers.includes(layer));
  button.type = 'button';
  button.title = `${name}, layer ${row}, head ${head}`;
  button.style.gridArea = `${row + 2} / ${head + 2}`;
  button.append(canvas);
  button.addEventListener('click', () => {
    show(shown.sentence, layer, head);
    if (narrow()) at('detail').scrollIntoView();
  });
  grid.append(button);
  return { button, canvas, layer, head };
}

// Thumbnails are as large as lets all grids be seen at once, down to a size that still shows a pattern.
const narrow = () => window.innerWidth < 900;
function sizeThumbs() {
  const { groups, thumbs } = overview;
  const across = Math.max(...thumbs.map(thumb => thumb.head)) + 1, gap = 4, label = 60;
  const rows = groups.reduce((sum, group) => sum + group.layers.length, 0);
  const width = (narrow() ? 0.9 * document.body.clientWidth - 48 : 440) - label;
  const height = narrow() ? Infinity : window.innerHeight - 40 - 90 * groups.length;
  const size = Math.min(width / across, height / rows) - gap;
  at('overview').style.setProperty('--thumb', Math.floor(Math.min(64, Math.max(28, size))) + 'px');
}

// As many pixels as the map has cells, or as the thumbnail has: then each shows the largest of its cells.
function paintThumb({ canvas, layer, head }) {
  const it = sentences[shown.sentence], rows = words(it, layer, 'queries').length;
  const columns = words(it, layer, 'keys').length;
  const weights = decode(it.layers[layer].heads[head], rows * columns);
  const most = Math.ceil(canvas.clientWidth * (window.devicePixelRatio || 1)) || 64;
  const width = Math.min(columns, most), height = Math.min(rows, most);
  canvas.width = width; canvas.height = height;
  const pen = canvas.getContext('2d'), image = pen.createImageData(width, height);
  const style = getComputedStyle(document.documentElement);
  const heat = style.getPropertyValue('--chip').split(',').map(Number);
  for (let i = 0; i < rows; ++i)
    for (let j = 0; j < columns; ++j) {
      const x = Math.floor(j * width / columns), y = Math.floor(i * height / rows);
      const pixel = 4 * (y * width + x), alpha = Math.round(weights[i * columns + j] * 0.255);
      if (alpha > image.data[pixel + 3]) image.data.set([...heat, alpha], pixel);
    }
  pen.putImageData(image, 0, 0);
}
// A few in each frame, so that the page answers meanwhile.
function paintThumbs() {
  const job = ++overview.job;
  let next = 0;
  const slice = () => {
    if (job !== overview.job) return;
    const end = performance.now() + 10;
    while (next < overview.thumbs.length && performance.now() < end)
      paintThumb(overview.thumbs[next++]);
    if (next < overview.thumbs.length) requestAnimationFrame(slice);
  };
  slice();
}
function markThumb() {
  const had = at('overview').contains(document.activeElement);
  for (const { button, layer, head } of overview.thumbs) {
    // The mean of the heads marks all of them.
    const chosen = layer === shown.layer && (shown.head < 0 || head === shown.head);
    button.setAttribute('aria-pressed', chosen);
    button.tabIndex = chosen && head === Math.max(0, shown.head) ? 0 : -1;
    if (button.tabIndex < 0) continue;
    if (had) button.focus({ preventScroll: true });
    if (had || !narrow()) reveal(button);
  }
}
// Scrolls the overview alone, never the page.
function reveal(button) {
  const pane = at('overview'), box = pane.getBoundingClientRect(), b = button.getBoundingClientRect();
  pane.scrollTop += Math.min(0, b.top - box.top - 8) + Math.max(0, b.bottom - box.bottom + 8);
  pane.scrollLeft += Math.min(0, b.left - box.left - 8) + Math.max(0, b.right - box.right + 8);
}

// One head or layer on, in the order of the overview.
function move(key) {
  const layers = overview.groups.flatMap(group => group.layers), it = sentences[shown.sentence];
  const place = layers.indexOf(shown.layer), heads = it.layers[shown.layer].heads.length;
  const to = { ArrowUp: layers[place - 1], ArrowDown: layers[place + 1] }[key];
  if (to !== undefined) show(shown.sentence, to, shown.head);
  const next = shown.head + { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (next >= 0 && next < heads) show(shown.sentence, shown.layer, next);
}

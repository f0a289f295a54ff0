'use strict';
const sentences = JSON.parse(document.getElementById('data').textContent);
const at = id => document.getElementById(id);
const view = at('view'), cells = at('cells'), canvas = cells.querySelector('canvas');
const shown = { sentence: 0, layer: 0, head: 0, row: -1, column: -1 };
// The words of the two axes: who looks (rows) at whom (columns).
let queries = [], keys = [], weights = new Uint16Array(0), cell = 28;
let keyWords = [], queryWords = [], rowLabels = [], columnLabels = [];

// Weights are thousandths in bits, six in each digit of base64: four for the order of the code, and
// for each weight as many zeros as u = value + 2^order has bits beyond order + 1, then u.
const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const digits = new Uint8Array(128);
for (let i = 0; i < 64; ++i) digits[base64.charCodeAt(i)] = i;
function decode(text, size) {
  const out = new Uint16Array(size);
  let at = 0, six = 0, left = 0;
  const bit = () => {
    if (left === 0) { six = digits[text.charCodeAt(at++)]; left = 6; }
    return six >> --left & 1;
  };
  const bits = (count, u) => { while (count-- > 0) u = u << 1 | bit(); return u; };
  const order = bits(4, 0), least = 1 << order;
  for (let i = 0; i < size; ++i) {
    let zeros = 0;
    while (bit() === 0 && at <= text.length) ++zeros;
    out[i] = bits(zeros + order, 1) - least;
  }
  return out;
}
const weight = (row, column) => weights[row * keys.length + column] / 1000;

// The words of an axis of a layer. Where the target looks at itself they are those it reads, a step
// behind those it writes.
function words(it, l, axis) {
  const layer = it.layers[l], text = it[layer[axis]];
  const reads = layer.queries === 'target' && layer.keys === 'target';
  return reads ? ['<s>', ...text.slice(0, -1)].slice(0, text.length) : text;
}
// Thousandths of a head, or of the mean of a layer's heads where `head` is negative.
function thousandths(layer, head, size) {
  if (head >= 0) return decode(layer.heads[head], size);
  const out = new Float32Array(size);
  for (const text of layer.heads)
    decode(text, size).forEach((value, i) => { out[i] += value / layer.heads.length; });
  return out;
}

function element(tag, text, parent) {
  const out = document.createElement(tag);
  out.textContent = text;
  out.dir = 'auto';
  parent.append(out);
  return out;
}
function point(row, column) {
  if (row === shown.row && column === shown.column) return;
  shown.row = row; shown.column = column;
  paintWords(); paintLinks(); paintCells();
}
function watch(word, row, column) {
  word.addEventListener('pointerenter', () => point(row, column));
  word.addEventListener('pointerleave', () => point(-1, -1));
}

// The two sentences, with links between their words.
function buildLinks() {
  const pane = at('links');
  pane.replaceChildren();
  const itself = kindOf(layerShown()).split(' ');
  const line = (tokens, name, mark) => {
    const out = document.createElement('div');
    out.className = 'sentence';
    pane.append(out);
    if (itself[0] === itself[1]) element('span', name, out).className = 'side';
    return tokens.map((token, i) => {
      const word = element('span', token, out);
      word.className = 'word';
      watch(word, ...mark(i));
      return word;
    });
  };
  keyWords = line(keys, 'looked at', i => [-1, i]);
  queryWords = line(queries, 'looking', i => [i, -1]);
  pane.prepend(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
}
function paintWords() {
  const tint = (word, value) => { word.style.background = `rgba(var(--chip), ${value * 0.55})`; };
  keyWords.forEach((word, j) => {
    tint(word, shown.row >= 0 && shown.column < 0 ? weight(shown.row, j) : 0);
    word.classList.toggle('marked', j === shown.column);
    columnLabels[j].classList.toggle('marked', j === shown.column);
  });
  queryWords.forEach((word, i) => {
    tint(word, shown.column >= 0 && shown.row < 0 ? weight(i, shown.column) : 0);
    word.classList.toggle('marked', i === shown.row);
    rowLabels[i].classList.toggle('marked', i === shown.row);
  });
}
// All links of short sentences; of long ones those of the word under the pointer.
function paintLinks() {
  const pane = at('links'), svg = pane.querySelector('svg'), box = pane.getBoundingClientRect();
  svg.replaceChildren();
  const resize = (width, height) => {
    svg.setAttribute('width', width);
    svg.setAttribute('height', height);
  };
  resize(0, 0);
  resize(pane.scrollWidth, pane.scrollHeight);
  const pointed = shown.row >= 0 || shown.column >= 0;
  if (!pointed && Math.max(keys.length, queries.length) > 40) return;
  const middle = word => {
    const b = word.getBoundingClientRect();
    return { x: b.left + b.width / 2 - box.left, top: b.top - box.top + pane.scrollTop,
             bottom: b.bottom - box.top + pane.scrollTop };
  };
  queries.forEach((_, i) => keys.forEach((_, j) => {
    const w = weight(i, j);
    const here = (shown.row < 0 || shown.row === i) && (shown.column < 0 || shown.column === j);
    if (w < 0.05 || !here) return;
    const a = middle(keyWords[j]), b = middle(queryWords[i]), half = (b.top - a.bottom) / 2;
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', `M${a.x} ${a.bottom}C${a.x} ${a.bottom + half} ` +
                           `${b.x} ${b.top - half} ${b.x} ${b.top}`);
    path.setAttribute('stroke-width', 0.75 + 3.25 * w);
    path.setAttribute('opacity', 0.15 + 0.75 * w);
    svg.append(path);
  }));
}

// The heat map. Only what is in sight is drawn, so that a long sentence costs no more than a short one.
function buildMap() {
  const most = Math.max(keys.length, queries.length);
  cell = most <= 16 ? 34 : most <= 40 ? 26 : most <= 100 ? 18 : 14;
  const font = Math.min(15, cell - 2) + 'px';
  const rows = at('rows'), columns = at('columns');
  rows.replaceChildren(); columns.replaceChildren();
  rows.style.font = columns.style.font = '';
  rows.style.fontSize = columns.style.fontSize = font;
  rowLabels = queries.map((token, i) => {
    const label = element('span', token, rows);
    label.style.height = label.style.lineHeight = cell + 'px';
    watch(label, i, -1);
    return label;
  });
  columnLabels = keys.map((token, j) => {
    const label = element('span', token, columns);
    label.style.left = (j + 0.5) * cell + 5 + 'px';
    watch(label, -1, j);
    return label;
  });
  const longest = columnLabels.reduce((most, label) => Math.max(most, label.offsetWidth), 0);
  columns.style.height = longest * 0.77 + 26 + 'px';
  at('sheet').style.paddingRight = longest * 0.65 + 16 + 'px';
  cells.style.width = columns.style.width = keys.length * cell + 1 + 'px';
  cells.style.height = queries.length * cell + 1 + 'px';
  view.scrollTop = view.scrollLeft = 0;
}
function paintCells() {
  const box = view.getBoundingClientRect(), area = cells.getBoundingClientRect();
  const left = Math.max(0, box.left - area.left), top = Math.max(0, box.top - area.top);
  const width = Math.min(area.width - left, view.clientWidth);
  const height = Math.min(area.height - top, view.clientHeight, window.innerHeight);
  if (width <= 0 || height <= 0) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.ceil(width * scale); canvas.height = Math.ceil(height * scale);
  Object.assign(canvas.style, { left: left + 'px', top: top + 'px', width: width + 'px',
                                height: height + 'px' });
  const pen = canvas.getContext('2d'), style = getComputedStyle(document.documentElement);
  const color = name => style.getPropertyValue(name).trim();
  pen.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
  const firstRow = Math.floor(top / cell), firstColumn = Math.floor(left / cell);
  const lastRow = Math.min(queries.length, Math.ceil((top + height) / cell));
  const lastColumn = Math.min(keys.length, Math.ceil((left + width) / cell));
  const lines = (first, last, end, draw) => {
    for (let i = first; i <= last; ++i) {
      pen.fillStyle = color(i === 0 || i === end ? '--frame' : '--line');
      draw(i * cell);
    }
  };
  lines(firstRow, lastRow, queries.length, y => pen.fillRect(left, y, width, 1));
  lines(firstColumn, lastColumn, keys.length, x => pen.fillRect(x, top, 1, height));
  pen.fillStyle = color('--heat');
  for (let i = firstRow; i < lastRow; ++i)
    for (let j = firstColumn; j < lastColumn; ++j) {
      const w = weight(i, j);
      if (w === 0) continue;
      pen.globalAlpha = w;
      pen.fillRect(j * cell + 1, i * cell + 1, cell - 1, cell - 1);
    }
  pen.globalAlpha = 1;
  pen.strokeStyle = color('--mark');
  pen.lineWidth = 2;
  if (shown.row >= 0) pen.strokeRect(1, shown.row * cell + 0.5, keys.length * cell - 2, cell);
  if (shown.column >= 0) pen.strokeRect(shown.column * cell + 0.5, 1, cell, queries.length * cell - 2);
}
function tip(event) {
  const area = cells.getBoundingClientRect();
  const row = Math.floor((event.clientY - area.top) / cell);
  const column = Math.floor((event.clientX - area.left) / cell);
  if (row < 0 || column < 0 || row >= queries.length || column >= keys.length) return hideTip();
  point(row, column);
  const box = at('tip');
  box.replaceChildren();
  element('bdi', queries[row], box);
  box.append(' ← ');
  element('bdi', keys[column], box);
  box.append('  ' + weight(row, column).toFixed(3));
  if (kindOf(layerShown()) === 'target target') {
    box.append(column > row ? ', not read yet' : ', to write ');
    if (column <= row) element('bdi', sentences[shown.sentence].target[row], box);
  }
  box.hidden = false;
  box.style.left = Math.min(event.clientX + 14, window.innerWidth - box.offsetWidth - 8) + 'px';
  box.style.top = Math.min(event.clientY + 18, window.innerHeight - box.offsetHeight - 8) + 'px';
}
function hideTip() {
  at('tip').hidden = true;
  point(-1, -1);
}

// The choosers.
function fill(select, names, chosen) {
  select.replaceChildren();
  names.forEach((name, i) => { element('option', name, select).value = i; });
  select.value = chosen;
}
const layerShown = () => sentences[shown.sentence].layers[shown.layer];
function fillLayers(it) {
  const select = at('layer');
  select.replaceChildren();
  for (const group of groupsOf(it)) {
    const options = document.createElement('optgroup');
    options.label = group.name;
    for (const l of group.layers) element('option', it.layers[l].name, options).value = l;
    select.append(options);
  }
  select.value = shown.layer;
}
function fillHeads(layer) {
  const select = at('head');
  fill(select, layer.heads.map((_, h) => h), shown.head);
  if (layer.heads.length > 1) element('option', 'mean of the heads', select).value = -1;
  select.value = shown.head;
}
function describe(it) {
  const group = groupsOf(it).find(group => group.layers.includes(shown.layer));
  const layer = layerShown(), number = group.layers.indexOf(shown.layer);
  const head = shown.head < 0 ? `mean of ${layer.heads.length} heads, a summary that no head shows`
                              : `head ${shown.head}`;
  at('title').textContent = `${group.name}, layer ${number}, ${head}`;
  at('about').textContent = `${group.about} Point at a cell or a word.`;
}
// head -1 is the mean of a layer's heads.
function show(sentence, layer = shown.layer, head = shown.head) {
  const it = sentences[sentence], kept = sentence === shown.sentence && overview.job > 0;
  layer = Math.min(layer, it.layers.length - 1);
  head = Math.min(head, it.layers[layer].heads.length - 1);
  Object.assign(shown, { sentence, layer, head, row: -1, column: -1 });
  queries = words(it, layer, 'queries'); keys = words(it, layer, 'keys');
  weights = thousandths(it.layers[layer], head, queries.length * keys.length);
  const many = it.layers.length > 1 || it.layers[layer].heads.length > 1;
  fillLayers(it); fillHeads(it.layers[layer]); describe(it);
  at('layers').hidden = it.layers.length < 2;
  at('heads').hidden = it.layers[layer].heads.length < 2;
  for (const id of ['overview', 'title', 'keys']) at(id).hidden = !many;
  at('panes').classList.toggle('many', many);
  at('sentence').value = sentence;
  if (many) {
    buildOverview(it);
    if (!kept) paintThumbs();
    markThumb();
  }
  buildMap(); buildLinks(); paintWords(); paintLinks(); paintCells();
}
function step(by) {
  const next = shown.sentence + by;
  if (next >= 0 && next < sentences.length) show(next);
}
function title(it, number) {
  const join = tokens => tokens.join(tokens.every(t => [...t].length < 2) ? '' : ' ');
  const text = number + 1 + '. ' + join(it.source.slice(0, -1)) + ' → ' + it.text;
  return text.length > 140 ? text.slice(0, 139) + '…' : text;
}
function repaint() {
  if (!at('overview').hidden) { sizeThumbs(); paintThumbs(); }
  paintLinks(); paintCells();
}
function press(event) {
  const target = event.target, arrow = event.key.startsWith('Arrow');
  if (event.ctrlKey || event.altKey || event.metaKey || target.tagName === 'SELECT') return;
  if (at('overview').hidden) {
    if (event.key === 'ArrowLeft') step(-1);
    if (event.key === 'ArrowRight') step(1);
  } else if (arrow && target !== view) {
    event.preventDefault();
    move(event.key);
  }
  if (event.key === 'p') step(-1);
  if (event.key === 'n') step(1);
}

if (sentences.length === 0) {
  at('about').textContent = 'There are no attention weights to show.';
  for (const id of ['sentences', 'layers', 'heads', 'legend']) at(id).hidden = true;
} else {
  fill(at('sentence'), sentences.map(title), 0);
  at('sentences').hidden = sentences.length < 2;
  at('sentence').addEventListener('change', event => show(+event.target.value));
  at('layer').addEventListener('change', event => show(shown.sentence, +event.target.value));
  at('head').addEventListener('change',
                              event => show(shown.sentence, shown.layer, +event.target.value));
  at('back').addEventListener('click', () => step(-1));
  at('next').addEventListener('click', () => step(1));
  document.addEventListener('keydown', press);
  at('keys').textContent = 'Each small map is a head; choose one to see it large. Arrow keys go to ' +
      'the next head or layer' + (sentences.length > 1 ? ', n and p to the next or previous sentence.'
                                                       : '.');
  cells.addEventListener('pointermove', tip);
  cells.addEventListener('pointerleave', hideTip);
  view.addEventListener('scroll', () => requestAnimationFrame(paintCells));
  window.addEventListener('scroll', () => requestAnimationFrame(paintCells));
  window.addEventListener('resize', repaint);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  show(0);
}

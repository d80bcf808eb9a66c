// The picture: land and links on a canvas, nodes above it as elements that a keyboard
// and a screen reader can reach.

import { model, nameOf, self } from './model.js';
import { coast, frame, layout, nearRadius, onRing, radius, ringRadius } from './place.js';

const stage = document.getElementById('stage'), canvas = document.getElementById('links');
const svg = document.getElementById('nodes'), tip = document.getElementById('tip');
const pen = canvas.getContext('2d');
const ns = 'http://www.w3.org/2000/svg';

export const picture = { view: 'map', chosen: '', over: '', spread: null, trace: null, choose: () => {} };

let places = new Map(), width = 0, height = 0, r = 6, outline = null, colours = {};
const drawn = new Map(); // name -> element

// focusNode gives a node the focus of the keyboard.
export const focusNode = name => drawn.get(name)?.focus({ preventScroll: true });

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const c of ['text', 'soft', 'rule', 'faint', 'land', 'accent', 'end', 'node', 'back']) colours[c] = style.getPropertyValue(`--${c}`).trim();
}

// arrange finds every node its place: after a change of size, view or nodes.
export function arrange() {
  const box = stage.getBoundingClientRect();
  stage.dataset.view = picture.view;
  width = box.width; height = box.height;
  const dense = Math.min(2, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * dense); canvas.height = Math.round(height * dense);
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const nodes = [...model.nodes.values()];
  r = radius(Math.max(1, nodes.length), width);
  places = layout(picture.view, nodes, width, height, r, self());
  outline = picture.view === 'map' ? coast(frame(width, height)) : null;
  readColours();
  drawNodes();
  draw();
}

// ---- nodes

function make(tag, attributes, into) {
  const e = document.createElementNS(ns, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  into?.append(e);
  return e;
}

function makeNode(name) {
  const g = make('g', { role: 'button', tabindex: -1, 'data-node': name }, svg);
  for (const c of ['hit', 'mark', 'dot']) make('circle', { class: c }, g);
  make('path', { class: 'cross' }, g);
  g.addEventListener('click', () => picture.choose(name));
  g.addEventListener('pointerenter', () => hover(name));
  g.addEventListener('pointerleave', () => hover(''));
  g.addEventListener('focus', () => { roving(name); hover(name); });
  g.addEventListener('blur', () => hover(''));
  drawn.set(name, g);
  return g;
}

// drawNodes brings the elements to where the nodes are, and to their state.
export function drawNodes() {
  for (const [name, g] of drawn) if (!model.nodes.has(name)) { g.remove(); drawn.delete(name); }
  let tabbed = false;
  for (const [name, n] of model.nodes) {
    const p = places.get(name), g = drawn.get(name) || makeNode(name);
    if (!p) continue;
    g.setAttribute('transform', `translate(${p.x.toFixed(1)} ${p.y.toFixed(1)})`);
    const [hit, mark, dot] = g.children;
    hit.setAttribute('r', Math.max(r + 3, 7)); mark.setAttribute('r', r + 4); dot.setAttribute('r', r);
    g.children[3].setAttribute('d', `M${-r / 2} ${-r / 2}L${r / 2} ${r / 2}M${r / 2} ${-r / 2}L${-r / 2} ${r / 2}`);
    dress(name, n, g);
    tabbed ||= g.getAttribute('tabindex') === '0';
  }
  explain();
  if (!tabbed) drawn.values().next().value?.setAttribute('tabindex', 0);
  drawMarks();
}

// dress gives a node the classes and the name of its state.
function dress(name, n, g) {
  const spread = picture.spread, knows = spread?.knows(name), hop = picture.trace?.reached(name);
  const classes = [n.state];
  if (n.side) classes.push('apart');
  if (knows) classes.push('knows');
  if (knows && spread.from === name) classes.push('first');
  if (hop) classes.push('asked');
  if (name === picture.chosen) classes.push('chosen');
  const text = classes.join(' ');
  if (g.getAttribute('class') !== text) g.setAttribute('class', text);
  const label = `${nameOf(name)}, ${n.state === 'peer' ? 'a peer' : n.state}${knows ? ', knows of the revocation' : ''}${n.side ? ', on the other side' : ''}`;
  if (g.getAttribute('aria-label') !== label) g.setAttribute('aria-label', label);
}

export function dressAll() {
  for (const [name, g] of drawn) { const n = model.nodes.get(name); if (n) dress(name, n, g); }
  explain();
}

// explain shows the signs that are in the picture, and no others.
function explain() {
  for (const [sign, nodes] of Object.entries({ knows: '.knows:not(.down)', asked: '.asked:not(.knows)', apart: '.apart', waits: '.starting, .degraded', down: '.down' })) {
    document.querySelector(`#legend .${sign}`).hidden = !svg.querySelector(nodes);
  }
}

// drawMarks draws labels of the chosen and the first node, and in the ring the agents' keys.
function drawMarks() {
  for (const e of svg.querySelectorAll('.extra')) e.remove();
  const back = make('g', { class: 'extra', 'aria-hidden': 'true' });
  svg.prepend(back);
  const middle = { x: width / 2, y: height / 2 };
  if (picture.view === 'ring') {
    const ring = ringRadius(width, height);
    make('circle', { class: 'axis', cx: middle.x, cy: middle.y, r: ring }, back);
    for (const a of model.agents.slice(0, 12)) {
      const p = onRing(a.turn, ring + 15, middle);
      make('path', { class: `key${a.revoked ? ' revoked' : ''}`, d: 'M0 -5L4.5 0L0 5L-4.5 0Z', transform: `translate(${p.x} ${p.y})` }, back);
      make('title', {}, back.lastChild).textContent = `the key of ${a.name}`;
    }
  }
  if (picture.view === 'near') {
    const room = nearRadius(width, height, r);
    for (const part of [1 / 3, 2 / 3, 1]) make('circle', { class: 'axis', cx: middle.x, cy: middle.y, r: room * part }, back);
  }
  const named = new Set([picture.chosen, picture.spread?.from].filter(Boolean));
  if (named.size === 0) return;
  const over = make('g', { class: 'extra', 'aria-hidden': 'true' }, svg);
  for (const name of named) {
    const p = places.get(name);
    if (!p) continue;
    const right = freer(name, p);
    const t = make('text', { x: p.x + (right ? r + 7 : -r - 7), y: p.y + 4, 'text-anchor': right ? 'start' : 'end' }, over);
    t.textContent = nameOf(name);
    if (name === picture.spread?.from && picture.spread.knows(name) && model.nodes.get(name)?.state !== 'down') make('circle', { class: 'origin', cx: p.x, cy: p.y, r }, over); // others may lie over it
  }
}

// freer reports whether a label has more room on the right of a node than on its left.
function freer(name, p) {
  if (p.x > width - 110) return false;
  if (p.x < 110) return true;
  let balance = 0;
  for (const [other, q] of places) {
    if (other !== name && Math.abs(q.y - p.y) < 12 && Math.abs(q.x - p.x) < 90) balance += q.x < p.x ? 1 : -1;
  }
  return balance >= 0;
}

// roving leaves one node in the order of the Tab key.
function roving(name) {
  for (const [other, g] of drawn) g.setAttribute('tabindex', other === name ? 0 : -1);
}

svg.addEventListener('keydown', e => {
  const name = e.target.getAttribute?.('data-node');
  if (!name) return;
  if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); picture.choose(name, true); return; }
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
  if (!way) return;
  e.preventDefault();
  const from = places.get(name);
  let best = '', least = Infinity;
  for (const [other, p] of places) {
    const dx = p.x - from.x, dy = p.y - from.y, along = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    const cost = along + 2.5 * aside;
    if (other !== name && along > 0.5 && cost < least) { best = other; least = cost; }
  }
  if (best) drawn.get(best).focus();
});

function hover(name) {
  picture.over = name;
  const n = model.nodes.get(name), p = places.get(name);
  tip.hidden = !n;
  if (n) {
    const at = picture.spread?.time(name);
    tip.textContent = `${nameOf(name)} · ${n.state === 'peer' ? 'peer' : n.state}` + (n.rtt_ms ? ` · ${n.rtt_ms} ms away` : n.peers ? ` · ${n.peers} peers` : '') + (at === undefined ? '' : ` · knew after ${short(at)}`);
    tip.style.left = `${Math.min(Math.max(8, p.x - 60), Math.max(8, width - 250))}px`;
    const high = tip.offsetHeight + r + 10;
    tip.style.top = p.y > high + 4 ? `${p.y - high}px` : `${p.y + r + 10}px`;
  }
  draw();
}

// short is a time in milliseconds for people.
export const short = ms => ms < 10 ? `${ms.toFixed(1)} ms` : ms < 2000 ? `${Math.round(ms)} ms` : ms < 120e3 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60e3)} min`;

// ---- links

// bow is the way from a to b: a curve, so that links of one line stay apart.
function bow(a, b) {
  const dx = b.x - a.x, dy = b.y - a.y;
  if (picture.view === 'ring') { const c = 0.55; return [a.x + dx / 2 + (width / 2 - a.x - dx / 2) * c, a.y + dy / 2 + (height / 2 - a.y - dy / 2) * c]; }
  if (picture.view === 'near') return [a.x + dx / 2, a.y + dy / 2];
  return [a.x + dx / 2, a.y + dy / 2 - Math.min(46, Math.hypot(dx, dy) * 0.16)];
}

// trail draws the part of the way from a to b up to a share, and returns its end.
function trail(a, b, share) {
  const [cx, cy] = bow(a, b);
  pen.beginPath();
  pen.moveTo(a.x, a.y);
  if (share >= 1) { pen.quadraticCurveTo(cx, cy, b.x, b.y); pen.stroke(); return b; }
  const mx = a.x + (cx - a.x) * share, my = a.y + (cy - a.y) * share;
  const nx = cx + (b.x - cx) * share, ny = cy + (b.y - cy) * share;
  const end = { x: mx + (nx - mx) * share, y: my + (ny - my) * share };
  pen.quadraticCurveTo(mx, my, end.x, end.y);
  pen.stroke();
  return end;
}

// draw paints the canvas anew.
export function draw() {
  pen.clearRect(0, 0, width, height);
  if (outline) { pen.fillStyle = colours.land; pen.fill(outline); }
  const busy = picture.spread?.shown() || picture.trace;
  const near = picture.over || (busy ? '' : picture.chosen);
  pen.lineWidth = 0.8;
  pen.strokeStyle = colours.node;
  const crowd = Math.min(1, 200 / Math.max(1, model.links.length));
  for (const l of model.links) {
    const a = places.get(l.a), b = places.get(l.b);
    if (!a || !b) continue;
    pen.globalAlpha = nearness(l) * (l.facts ? 0.5 : 0.2) * (0.35 + 0.65 * crowd) * (busy ? 0.5 : 1);
    trail(a, b, 1);
  }
  pen.globalAlpha = 1;
  if (near) drawOwn(near);
  picture.spread?.paint(line);
  picture.trace?.paint(line);
}

// nearness is how strong a link is drawn: the nearer its ends by round trip, the stronger.
const nearness = l => l.rtt_ms ? Math.max(0.28, 1 - l.rtt_ms / 260) : 0.7;

// drawOwn draws the links of one node, the shorter the stronger.
function drawOwn(name) {
  pen.strokeStyle = colours.accent;
  for (const l of model.links) {
    if (l.a !== name && l.b !== name) continue;
    const a = places.get(name), b = places.get(l.a === name ? l.b : l.a);
    if (!a || !b) continue;
    pen.lineWidth = l.facts ? 1.6 : 0.8;
    pen.globalAlpha = 0.9 * nearness(l);
    trail(a, b, 1);
  }
  pen.globalAlpha = 1;
}

// line draws one step of a spread or a trace: from node to node, up to a share.
function line(from, to, share, kind) {
  const a = places.get(from), b = places.get(to);
  if (!b) return;
  pen.strokeStyle = pen.fillStyle = kind === 'trace' ? colours.accent : colours.end;
  if (!a) return;
  pen.lineWidth = kind === 'trace' ? 2 : 1.8;
  pen.globalAlpha = share >= 1 ? (kind === 'trace' ? 0.85 : 0.62) : 1;
  const end = trail(a, b, share);
  if (share < 1) { pen.globalAlpha = 1; pen.beginPath(); pen.arc(end.x, end.y, 2.8, 0, 7); pen.fill(); }
  pen.globalAlpha = 1;
}

export const redraw = () => { dressAll(); drawMarks(); draw(); };

new ResizeObserver(arrange).observe(stage);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { readColours(); draw(); });

// How a revocation spreads: drawn from the moments at which each node knew of it, slower
// than it was, since it takes no longer than a blink.

import { isUp, model, nameOf, onNews } from './model.js';
import { draw, dressAll, picture, redraw, short } from './stage.js';

const $ = id => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');
const ns = 'http://www.w3.org/2000/svg';

let now = null; // the spread that is shown

// Play is a spread with a moment in it.
class Play {
  constructor(spread) {
    this.spread = spread;
    this.from = spread.from;
    this.moment = spread.live && !still.matches ? 0 : Infinity;
    this.running = spread.live && !still.matches;
    this.last = 0;
    this.index();
  }

  // index sorts the arrivals and finds when each left its sender.
  index() {
    this.order = [...this.spread.at.values()].sort((a, b) => a.ms - b.ms);
    this.end = this.order.at(-1)?.ms || 0;
    const rtt = new Map(model.links.map(l => [`${l.a} ${l.b}`, l.rtt_ms]));
    for (const a of this.order) {
      const sent = this.spread.at.get(a.from)?.ms ?? 0;
      const way = rtt.get(`${a.from} ${a.node}`) ?? rtt.get(`${a.node} ${a.from}`) ?? 40;
      a.left = Math.max(sent, Math.min(a.ms - 1, a.ms - way / 2));
    }
  }

  at() { return Math.min(this.moment, this.end); }
  time(name) { return this.spread.at.get(name)?.ms; }
  knows(name) { const t = this.time(name); return t !== undefined && t <= this.moment; }
  shown() { return this.order.length > 0; }
  count() { let n = 0; for (const a of this.order) if (a.ms <= this.moment) n++; return n; }

  paint(line) {
    for (const a of this.order) {
      if (!a.from || a.left > this.moment) continue;
      line(a.from, a.node, a.ms <= this.moment ? 1 : (this.moment - a.left) / (a.ms - a.left), 'spread');
    }
  }

  // step goes on by a frame, and skips what nobody would wait for.
  step(frame) {
    const past = this.last ? Math.min(100, frame - this.last) : 16;
    this.last = frame;
    this.moment += past / Number($('speed').value);
    const next = this.order.find(a => a.ms > this.moment);
    if (!next) { this.moment = Math.max(this.end, Math.min(this.moment, this.end + 5)); return false; }
    if (next.left > this.moment + 150) this.moment = next.left - 10;
    return true;
  }
}

let framed = false;

function run() {
  if (framed || !now?.running) return;
  framed = true;
  requestAnimationFrame(frame => {
    framed = false;
    if (!now?.running) return;
    if (!now.step(frame)) { now.running = false; now.last = 0; }
    show();
    run();
  });
}

// show draws the moment.
function show() {
  dressAll();
  draw();
  tell();
  drawChart();
  $('moment').value = now.end ? Math.round(1000 * now.at() / now.end) : 1000;
  $('play').textContent = now.running ? 'Pause' : 'Replay';
  const slow = Number($('speed').value);
  $('scale').hidden = !now.running;
  $('scale').textContent = `${short(now.at())}${slow > 1 ? `, ${slow} times slower than it was` : ''}`;
}

const quantile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];

// tell says in words what the chart shows.
function tell() {
  const up = [...model.nodes.values()].filter(isUp).length, whole = model.about?.whole, s = now.spread;
  const times = now.order.map(a => a.ms), floor = Object.values(s.floor || {}).sort((a, b) => a - b);
  const p = $('figures');
  p.replaceChildren();
  const say = (text, strong) => { const e = strong ? document.createElement('b') : document.createTextNode(text); e.textContent = text; p.append(e); };
  say(s.name || `${s.agent.slice(0, 12)}…`, true);
  if (!whole) {
    const a = now.order[0];
    say(` was revoked. The news came here ${a?.from ? `from ${nameOf(a.from)} ` : ''}by ${a?.via === 'local' ? 'a command' : a?.via}, ${new Date(s.began).toLocaleTimeString()}.`);
    return;
  }
  say(` was revoked at ${nameOf(s.from)}. `);
  say(`${now.count()} of ${Math.max(up, times.length)} nodes`, true);
  say(' know it');
  if (times.length > 1) say(`: half of them after ${short(quantile(times, 0.5))}, the last after ${short(now.end)}`);
  if (floor.length > 1) say(`. At the very best it would be ${short(quantile(floor, 0.5))} and ${short(floor.at(-1))}`);
  say('.');
}

// ---- the chart

function element(tag, attributes, into, text) {
  const e = document.createElementNS(ns, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  into.append(e);
  return e;
}

// nice is the next round number.
function nice(x) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(x, 1e-3)));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find(m => m * unit >= x) * unit;
}

// steps is the path of a distribution up to a moment.
function steps(times, of, x, y, until) {
  let d = `M${x(0)} ${y(0)}`, i = 0;
  for (; i < times.length && times[i] <= until; i++) d += `H${x(times[i]).toFixed(1)}V${y((i + 1) / of).toFixed(1)}`;
  return d + `H${x(until).toFixed(1)}`;
}

function drawChart() {
  const chart = $('cdf');
  if (!model.about?.whole) { chart.setAttribute('hidden', ''); return; }
  chart.removeAttribute('hidden');
  chart.replaceChildren();
  const { width, height } = chart.getBoundingClientRect();
  if (!width) return;
  chart.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const times = now.order.map(a => a.ms), floor = Object.values(now.spread.floor || {}).sort((a, b) => a - b);
  const of = Math.max(times.length, floor.length, 1);
  const far = nice(Math.max(floor.at(-1) * 1.3 || 0, Math.min(now.end, 6 * (floor.at(-1) || Infinity)) * 1.04, 1));
  const left = 40, right = width - 12, top = 30, bottom = height - 26;
  const x = t => left + (right - left) * Math.min(1, t / far), y = share => bottom - (bottom - top) * share;
  for (const share of [0.25, 0.5, 0.75, 1]) element('line', { class: 'grid', x1: left, x2: right, y1: y(share), y2: y(share) }, chart);
  for (const share of [0, 0.5, 1]) element('text', { x: left - 7, y: y(share) + 4, 'text-anchor': 'end' }, chart, `${100 * share}%`);
  element('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom }, chart);
  const marks = width > 420 ? 5 : 2;
  for (let i = 0; i <= marks; i++) element('text', { x: x(far * i / marks), y: bottom + 17, 'text-anchor': i === 0 ? 'start' : i === marks ? 'end' : 'middle' }, chart, i === 0 ? '0' : short(far * i / marks));
  if (floor.length) element('path', { class: 'floor', d: steps(floor, of, x, y, far) }, chart);
  element('path', { class: 'ours', d: steps(times, of, x, y, Math.min(now.at(), far)) }, chart);
  const late = times.filter(t => t > far && t <= now.moment).length;
  if (late) element('text', { class: 'label end', x: right, y: bottom - 8, 'text-anchor': 'end' }, chart, `${late} later, the last after ${short(now.end)}`);
  if (now.running && now.at() < far) element('line', { class: 'now', x1: x(now.at()), x2: x(now.at()), y1: top, y2: bottom }, chart);
  const legend = [['ours', 'nodes that know'], ...(floor.length ? [['floor', width > 440 ? 'the floor: light in fibre, every node relays' : 'the floor']] : [])];
  let at = left;
  for (const [kind, text] of legend) {
    element('path', { class: kind, d: `M${at} 8h22` }, chart);
    const label = element('text', { x: at + 28, y: 12 }, chart, text);
    at += 28 + label.getComputedTextLength() + 22;
  }
}

// ---- what the stream and people do

function take(spread) {
  now = new Play(spread);
  picture.spread = now;
  picture.trace = null;
  $('player').hidden = !model.about?.whole;
  redraw();
  show();
  run();
}

onNews(changed => {
  const newest = [...model.spreads.values()].at(-1);
  if (changed.has('about') && !newest) { now = picture.spread = null; return; }
  if (changed.has('spreads') && newest && newest.agent !== now?.spread.agent) { take(newest); return; }
  if (!now || !(changed.has('arrived') || changed.has('spreads') || changed.has('nodes'))) return;
  now.spread = model.spreads.get(now.spread.agent) || now.spread;
  const grown = now.spread.at.size > now.order.length;
  now.index();
  if (grown && !still.matches && now.moment !== Infinity) now.running = true;
  show();
  run();
});

// select shows another spread, from its beginning.
export function select(agent) {
  const s = model.spreads.get(agent);
  if (s) { take(s); replay(); }
}

function replay() {
  now.moment = 0; now.last = 0; now.running = true;
  picture.trace = null;
  show();
  run();
}

$('play').addEventListener('click', () => {
  if (!now) return;
  if (now.running) { now.running = false; now.last = 0; show(); } else if (now.at() >= now.end) replay(); else { now.running = true; run(); }
});
$('moment').addEventListener('input', e => { if (now) { now.running = false; now.last = 0; now.moment = now.end * e.target.value / 1000; show(); } });
new ResizeObserver(() => { if (now) drawChart(); }).observe($('spread'));

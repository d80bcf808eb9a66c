// How an answer was found: each question of the lookup, drawn one after the other in the
// order of the answers.

import { model, nameOf } from './model.js';
import { picture, redraw, short } from './stage.js';

const $ = id => document.getElementById(id);
const still = matchMedia('(prefers-reduced-motion: reduce)');
const perHop = 420; // ms that a hop takes on the page, at least
const slower = 4;

class Trace {
  constructor(from, path) {
    this.from = from;
    this.legs = [];
    let t = 0;
    for (const hop of path) {
      const long = still.matches ? 0 : Math.min(1500, Math.max(perHop, slower * hop.rtt_ms)) / Math.max(1, path.length / 8);
      this.legs.push({ hop, begin: t, end: t += long });
    }
    this.moment = still.matches ? Infinity : 0;
  }

  reached(name) { return name === this.from || this.legs.some(l => l.end <= this.moment && (l.hop.node === name || l.hop.via === name)); }

  paint(line) {
    for (const { hop, begin, end } of this.legs) {
      if (begin > this.moment) break;
      const share = this.moment >= end ? 1 : (this.moment - begin) / (end - begin);
      if (!hop.via) { line(this.from, hop.node, share, 'trace'); continue; }
      line(this.from, hop.via, Math.min(1, 2 * share), 'trace');
      if (share > 0.5) line(hop.via, hop.node, 2 * share - 1, 'trace');
    }
  }
}

const words = { record: 'has it', tombstone: 'revoked', closer: 'knows closer', nothing: 'nothing', error: 'no answer' };
const sources = { local: 'the node itself holds it', cache: 'the node had it in its cache', dht: 'from the holders', gossip: 'the news had come by gossip' };

// trace shows an answer.
export function trace(node, agent, answer) {
  const t = new Trace(node, answer.path || []);
  picture.trace = t;
  $('trace').hidden = false;
  const p = $('answer');
  p.replaceChildren();
  const status = document.createElement('span');
  status.className = `status ${answer.status}`;
  status.textContent = answer.status;
  const where = (answer.urls || []).join(', ');
  p.append(`${nameOf(node)} says ${agent} is `, status, `${where ? `, at ${where}` : ''}${answer.reason ? ` (${answer.reason})` : ''}: ${sources[answer.source] || answer.source || 'nothing is known'}, after ${short(answer.elapsed_ms)}.` + (t.legs.length ? '' : ' Nobody was asked.'));
  $('hops').replaceChildren(...t.legs.map(({ hop }, i) => {
    const li = document.createElement('li');
    for (const [cls, text] of [['count', i + 1], ['', nameOf(hop.node || 'a stranger') + (hop.via ? ` by ${hop.via}` : '')], [hop.answer, words[hop.answer] || hop.answer], ['count', short(hop.rtt_ms)]]) {
      const span = document.createElement('span');
      span.className = cls;
      span.textContent = text;
      li.append(span);
    }
    return li;
  }));
  let last = 0;
  const step = frame => {
    if (picture.trace !== t) return;
    if (last) t.moment += Math.min(100, frame - last);
    last = frame;
    t.legs.forEach((l, i) => $('hops').children[i]?.classList.toggle('now', l.begin <= t.moment));
    redraw();
    if (t.moment < (t.legs.at(-1)?.end || 0)) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

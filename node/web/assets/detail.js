// All about one node: read when it is chosen, and again while it is.

import { get } from './live.js';
import { model, nameOf } from './model.js';
import { focusNode, picture, redraw, short } from './stage.js';

const $ = id => document.getElementById(id);
const again = 2000; // ms

let detail = null, tab = 'state', timer = 0;

const tabs = [...document.querySelectorAll('[role=tab]')];

// choose opens a node, or closes the one that is open; who came by the keyboard is led
// into the panel, and back to the node.
export async function choose(name, byKeys) {
  const left = picture.chosen;
  picture.chosen = left === name ? '' : name;
  detail = null;
  redraw();
  document.dispatchEvent(new Event('chosen'));
  if (!picture.chosen && $('detail').contains(document.activeElement)) focusNode(left);
  await look();
  if (byKeys && picture.chosen === name) $(detail?.link ? 'panel' : `tab-${tab}`).focus();
}

// look reads all about the node that is open, now and again and again.
export async function look() {
  clearTimeout(timer);
  const name = picture.chosen;
  $('detail-body').hidden = $('close').hidden = !name;
  document.querySelector('main').classList.toggle('open', !!name);
  $('detail-hint').hidden = !!name;
  $('detail-title').textContent = name ? nameOf(name) : 'A node';
  if (!name) { $('restart').hidden = true; return; }
  try {
    const got = await get(`/live/node?name=${encodeURIComponent(name)}`);
    if (picture.chosen !== name) return;
    detail = got;
    show();
  } catch (err) {
    if (picture.chosen === name) $('panel').textContent = err.message;
  }
  timer = setTimeout(look, again);
}

function list(pairs) {
  const dl = document.createElement('dl');
  for (const [name, value] of pairs) {
    if (value === undefined || value === '' || value === null) continue;
    const dt = document.createElement('dt'), dd = document.createElement('dd');
    dt.textContent = name;
    dd.textContent = value;
    dl.append(dt, dd);
  }
  return dl;
}

const bytes = b => b < 2048 ? `${b} bytes` : b < 2 ** 21 ? `${(b / 1024).toFixed(0)} KiB` : b < 2 ** 31 ? `${(b / 2 ** 20).toFixed(0)} MiB` : `${(b / 2 ** 30).toFixed(1)} GiB`;

const panels = {
  link: ({ link: l, peer }) => list([
    ['peer', peer], ['round trip', l.rtt_ms ? short(l.rtt_ms) : undefined], ['connected', `${short(l.since_ms)} ago, ${l.direction}`], ['chosen as', l.role], ['has chosen us', l.chosen ? 'yes' : ''],
    ['in the table', l.table ? 'yes' : 'no'], ['on the topic', l.gossip ? 'yes' : 'no'], ['addresses', l.addrs?.join(', ')], ['program', l.agent],
  ]),
  state: ({ status: s, peer, up }) => list(!up ? [['state', 'down'], ['peer', peer]] : [
    ['state', s?.state], ['because', s?.reason], ['complete', s && (s.complete_age_ms >= 0 ? `agreed with others ${short(s.complete_age_ms)} ago` : 'not yet')],
    ['up for', s && short(s.uptime_ms)], ['peers', s?.peers], ['in the table', s?.table_peers], ['on the topic', s?.gossip_peers], ['peer', peer], ['addresses', s?.addrs?.map(a => a.split('/p2p/')[0]).join(', ')], ['version', s?.version],
  ]),
  peers: ({ peers }) => {
    const table = document.createElement('table');
    const row = (tag, cells) => {
      const tr = document.createElement('tr');
      cells.forEach((c, i) => { const e = document.createElement(tag); e.textContent = c; if (i === 1) e.className = 'num'; tr.append(e); });
      table.append(tr);
    };
    row('th', ['peer', 'round trip', 'table', 'gossip']);
    for (const p of peers || []) row('td', [p.place ? `${p.name} ${p.place}` : p.name, p.rtt_ms ? short(p.rtt_ms) : '', p.table ? 'yes' : '', p.gossip ? 'yes' : '']);
    return table;
  },
  store: ({ status: s }) => list(!s ? [['store', 'the node is down']] : [
    ['facts', s.facts], ['their size', bytes(s.fact_bytes)], ['room for', bytes(s.fact_room)], ['range', s.range], ['facts beyond it', s.facts_beyond], ['records held', s.records], ['own leases', s.published],
    ...Object.entries(s.counters || {}).filter(([, v]) => v > 0).sort().map(([k, v]) => [k.replaceAll('_', ' ').replace(/ total$/, ''), v]),
  ]),
  log: ({ log }) => {
    const pre = document.createElement('pre');
    pre.textContent = (log || []).slice().reverse().join('\n') || 'It has logged nothing.';
    return pre;
  },
};

function show() {
  $('restart').hidden = detail.up || !model.about?.breaks;
  const at = $('panel').scrollTop;
  document.querySelector('#detail .tabs').hidden = !!detail.link; // of a peer, one node knows its link alone
  $('panel').replaceChildren(panels[detail.link ? 'link' : tab](detail));
  $('panel').scrollTop = at;
  $('panel').setAttribute('aria-labelledby', `tab-${tab}`);
}

function turn(to) {
  tab = to;
  for (const t of tabs) {
    const on = t.id === `tab-${to}`;
    t.setAttribute('aria-selected', on);
    t.tabIndex = on ? 0 : -1;
  }
  $('panel').scrollTop = 0;
  if (detail) show();
}

for (const t of tabs) {
  t.addEventListener('click', () => turn(t.id.slice(4)));
  t.addEventListener('keydown', e => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(t) + step + tabs.length) % tabs.length];
    turn(next.id.slice(4));
    next.focus();
  });
}
$('close').addEventListener('click', () => choose(picture.chosen));
document.addEventListener('keydown', e => { if (e.key === 'Escape' && picture.chosen) choose(picture.chosen); });

import { choose, look } from './detail.js';
import { follow, post } from './live.js';
import { apply, isUp, model, nameOf, onNews, self } from './model.js';
import { select } from './spread.js';
import { arrange, draw, drawNodes, picture, short } from './stage.js';
import { trace } from './trace.js';

const $ = id => document.getElementById(id);

picture.choose = choose;

// ---- what the stream tells

onNews(changed => {
  if (changed.has('about')) begin();
  if (changed.has('nodes')) nodesChanged(changed.has('about'));
  if (changed.has('links') && !changed.has('nodes')) draw();
  if (changed.has('agents')) listAgents();
});

function begin() {
  const a = model.about;
  document.title = `Cairn, live: ${a.network || 'this node'}`;
  $('views').hidden = false;
  const can = { map: a.map, ring: true, near: !a.whole };
  for (const input of document.querySelectorAll('[name=view]')) input.parentElement.hidden = !can[input.value];
  if (!can[picture.view]) picture.view = can.map ? 'map' : can.near ? 'near' : 'ring';
  document.querySelector(`[name=view][value=${picture.view}]`).checked = true;
  $('faults').hidden = !a.breaks;
  $('figures').textContent = a.whole ? 'When an agent is revoked, this shows how many nodes know of it, and how fast the news could have been at best.' : 'When this node hears of a revocation, this says from whom, and how.';
  hint();
}

function hint() {
  const a = model.about;
  $('hint').textContent = {
    map: 'Every dot is a node. What travels between two of them takes as long as between their cities.',
    ring: 'The ring of keys: nodes that stand close hold the same agents. Diamonds are agents.',
    near: 'This node in the middle; the farther out a peer, the longer the round trip. Where they are, one node cannot know.',
  }[picture.view];
  if (picture.view === 'map' && !a.delayed) $('hint').textContent = 'Every dot is a node.';
}

let count = 0;

function nodesChanged(anew) {
  const nodes = [...model.nodes.values()], up = nodes.filter(isUp), ready = nodes.filter(n => n.state === 'ready').length, apart = nodes.filter(n => n.side).length;
  const a = model.about;
  $('summary').textContent = a.whole
    ? `${a.network}: ${up.length} of ${nodes.length} nodes up, ${ready === up.length ? 'all' : ready} ready${apart ? `, split ${apart} from ${nodes.length - apart}` : ''}`
    : `${a.network || 'main network'}: this node is ${model.nodes.get(self())?.state || 'starting'}, with ${nodes.length - 1} ${nodes.length === 2 ? 'peer' : 'peers'}`;
  $('heal').disabled = apart === 0;
  $('split').disabled = apart > 0;
  if (anew || nodes.length !== count || picture.view === 'near') { count = nodes.length; arrange(); } else { drawNodes(); draw(); }
  fillNodes(anew);
  chosenChanged();
}

function fillNodes(anew) {
  for (const s of document.querySelectorAll('select.nodes')) s.parentElement.hidden = !model.about.whole;
  const names = model.about.whole ? [...model.nodes.values()].filter(isUp).map(n => n.name) : [self()];
  for (const s of document.querySelectorAll('select.nodes')) {
    const was = s.value;
    if (s.options.length !== names.length || names.some((n, i) => s.options[i].value !== n)) {
      s.replaceChildren(...names.map(n => new Option(nameOf(n), n)));
      s.value = names.includes(was) ? was : names[s.id === 'at' ? Math.min(names.length - 1, Math.floor(names.length / 2)) : 0] || '';
    }
  }
  if (anew) suggest();
}

// ---- publish, resolve, revoke

const ideas = ['translator', 'weather', 'scheduler', 'archivist', 'cartographer', 'proofreader', 'tax-clerk', 'librarian', 'botanist', 'dispatcher'];

// suggest fills the form with an agent that is not there yet.
function suggest() {
  const form = $('publish').elements, taken = new Set(model.agents.map(a => a.name));
  if (form.name.value && !taken.has(form.name.value)) return;
  let name = ideas.find(i => !taken.has(i)) || '';
  for (let i = 2; !name; i++) name = ideas.map(x => `${x}-${i}`).find(x => !taken.has(x)) || '';
  form.name.value = name;
  form.url.value = `https://${name}.example/a2a`;
}

function say(text, bad) {
  $('said').textContent = text;
  $('said').classList.toggle('bad', !!bad);
}

// busy does something while its button waits, and says what went wrong.
async function busy(button, what) {
  if (button.classList.contains('busy')) return;
  button.classList.add('busy');
  button.setAttribute('aria-busy', 'true');
  try { await what(); } catch (err) { say(err.message, true); } finally { button.classList.remove('busy'); button.removeAttribute('aria-busy'); }
}

$('publish').addEventListener('submit', e => {
  e.preventDefault();
  const form = e.target.elements, body = { name: form.name.value, url: form.url.value, node: form.node.value };
  busy(e.submitter || e.target.querySelector('button'), async () => {
    say(`publishing ${body.name}…`);
    const r = await post('/live/publish', body);
    say(`${r.name} is published: ${r.acks} of ${r.targets} nodes hold it, after ${short(r.took_ms)}.${r.reason ? ` ${r.reason}` : ''}`, !!r.reason);
    suggest();
  });
});

function button(text, cls, label, act) {
  const b = document.createElement('button');
  b.type = 'button';
  b.className = cls;
  b.textContent = text;
  b.setAttribute('aria-label', label);
  b.addEventListener('click', () => busy(b, act));
  return b;
}

function listAgents() {
  const focused = document.activeElement, row = [...$('agents').children].findIndex(li => li.contains(focused));
  const held = row < 0 ? null : { id: $('agents').children[row].dataset.agent, column: [...$('agents').children[row].children].indexOf(focused) };
  $('no-agents').hidden = model.agents.length > 0;
  $('ask').hidden = model.agents.length === 0;
  $('agents').replaceChildren(...model.agents.map(a => {
    const li = document.createElement('li'), who = document.createElement('div'), name = document.createElement('strong'), where = document.createElement('small');
    name.textContent = a.name;
    where.textContent = a.revoked ? 'revoked, for good' : a.url.replace('https://', '');
    who.title = a.id;
    who.append(name, where);
    li.className = a.revoked ? 'revoked' : '';
    li.dataset.agent = a.id;
    li.append(who,
      button('Resolve', '', `Resolve ${a.name}`, () => resolve(a)),
      a.revoked ? button('Show', '', `Show how the revocation of ${a.name} spread`, async () => select(a.id)) : button('Revoke', 'end', `Revoke ${a.name}`, () => revoke(a)));
    return li;
  }));
  if (held) [...$('agents').children].find(li => li.dataset.agent === held.id)?.children[held.column]?.focus();
  if (model.about) suggest();
}

async function resolve(a) {
  const node = $('at').value;
  say(`${nameOf(node)} looks for ${a.name}…`);
  const answer = await post('/live/resolve', { node, agent: a.id, policy: $('policy').value });
  say('');
  trace(node, a.name, answer);
}

async function revoke(a) {
  const node = $('at').value;
  say(`${nameOf(node)} revokes ${a.name}…`);
  $('trace').hidden = true;
  const r = await post('/live/revoke', { node, agent: a.id });
  say(`${a.name} is revoked: ${r.targets === 1 ? `the one node asked ${r.acks ? 'says so too' : 'does not say so yet'}` : `${r.acks} of the ${r.targets} nodes asked say so too`}, after ${short(r.took_ms)}.${r.reason ? ` ${r.reason}` : ''}`, !!r.reason);
}

// ---- faults

function chosenChanged() {
  const n = model.nodes.get(picture.chosen);
  $('kill').disabled = !n || !isUp(n);
  $('kill').textContent = n && isUp(n) ? `Kill ${n.name}` : 'Kill a node';
}
document.addEventListener('chosen', chosenChanged);

// half is the nodes on one side: the west of the map, else the first half of the ring.
function half() {
  const nodes = [...model.nodes.values()].sort((a, b) => model.about.map ? a.lon - b.lon : a.turn - b.turn);
  return nodes.slice(0, Math.floor(nodes.length / 2)).map(n => n.name);
}

const fault = (id, what) => $(id).addEventListener('click', e => busy(e.target, what));
fault('split', async () => { await post('/live/partition', { nodes: half() }); say('The network is split: what one side learns, the other does not, until you heal it.'); });
fault('heal', async () => { await post('/live/heal', {}); say('The split is over: nodes find each other again, and agree on what they missed.'); });
fault('kill', async () => { const node = picture.chosen; await post('/live/kill', { node }); say(`${node} is dead: it said farewell to nobody.`); look(); });
fault('restart', async () => { const node = picture.chosen; await post('/live/restart', { node }); say(`${node} is back, with its key and its disk.`); look(); });

// ---- how it is shown

for (const input of document.querySelectorAll('[name=view]')) {
  input.addEventListener('change', () => { picture.view = input.value; hint(); arrange(); });
}

follow(apply, wrong => {
  $('connection').hidden = !wrong;
  $('connection').textContent = wrong ? 'not connected' : '';
  const key = wrong.startsWith('not the key');
  $('banner').hidden = !key;
  if (key) $('banner').textContent = wrong[0].toUpperCase() + wrong.slice(1) + '.';
});

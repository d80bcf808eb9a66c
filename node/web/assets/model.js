// What is known of the network, as the stream tells it.

export const model = {
  about: null,
  nodes: new Map(), // by name
  links: [],
  agents: [],
  spreads: new Map(), // by agent; in the order in which they began
};

const heard = [];

// onNews registers a function that hears which parts of the model have changed.
export const onNews = f => heard.push(f);

// apply takes one message of the stream.
export function apply(news) {
  const changed = new Set();
  if (news.about) {
    Object.assign(model, { about: news.about, nodes: new Map(), links: [], agents: [], spreads: new Map() });
    for (const part of ['about', 'nodes', 'links', 'agents', 'spreads']) changed.add(part);
  }
  for (const n of news.nodes || []) model.nodes.set(n.name, n), changed.add('nodes');
  for (const name of news.gone || []) model.nodes.delete(name), changed.add('nodes');
  if (news.links) model.links = news.links, changed.add('links');
  if (news.agents) model.agents = news.agents, changed.add('agents');
  for (const s of news.spreads || []) {
    const known = model.spreads.get(s.agent);
    model.spreads.delete(s.agent);
    model.spreads.set(s.agent, { ...s, at: known?.at || new Map(), came: performance.now(), live: !news.about });
    for (const a of s.arrived || []) arrive(a);
    changed.add('spreads');
  }
  for (const a of news.arrived || []) if (arrive(a)) changed.add('arrived');
  for (const f of heard) f(changed);
}

function arrive(a) {
  const s = model.spreads.get(a.agent);
  if (!s || s.at.has(a.node)) return false;
  s.at.set(a.node, a);
  return true;
}

// nameOf is how a node is called where there is room for its place.
export function nameOf(name) {
  const place = model.nodes.get(name)?.place;
  return place ? `${name} ${place}` : name;
}

export const isUp = n => n.state !== 'down';

export const self = () => model.about?.self || '';

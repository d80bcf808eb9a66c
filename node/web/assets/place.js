// Where things are drawn: a map of the Earth, a ring of keys, or rings of distance.

import { land } from './land.js';

const turn = 2 * Math.PI;

// The Equal Earth projection (Šavrič, Patterson and Jenny, 2018), in units of its own.
function project(lat, lon) {
  const [a1, a2, a3, a4] = [1.340264, -0.081106, 0.000893, 0.003796];
  const t = Math.asin(Math.sqrt(3) / 2 * Math.sin(lat * Math.PI / 180)), t2 = t * t, t6 = t2 * t2 * t2;
  const x = 2 * Math.sqrt(3) * (lon * Math.PI / 180) * Math.cos(t) / (3 * (9 * a4 * t6 * t2 + 7 * a3 * t6 + 3 * a2 * t2 + a1));
  const y = a4 * t6 * t2 * t + a3 * t6 * t + a2 * t2 * t + a1 * t;
  return [x, y];
}

// What is shown of the Earth: where agents live.
const north = project(74, 0)[1], south = project(-55, 0)[1], east = project(0, 178)[0], west = project(0, -150)[0];

// frame turns degrees into pixels of a stage.
export function frame(width, height) {
  const scale = Math.min((width - 12) / (east - west), (height - 12) / (north - south));
  const left = (width - scale * (east - west)) / 2 - scale * west, top = (height - scale * (north - south)) / 2 + scale * north;
  return (lat, lon) => { const [x, y] = project(lat, lon); return [left + scale * x, top - scale * y]; };
}

// coast is the outline of the land in a frame.
export function coast(at) {
  const path = new Path2D();
  for (const ring of land) {
    ring.forEach(([lon, lat], i) => path[i ? 'lineTo' : 'moveTo'](...at(lat, lon)));
    path.closePath();
  }
  return path;
}

// radius is that of a node.
export const radius = (count, width) => Math.max(2.6, (width < 500 ? 4 : 6) * Math.min(1, Math.sqrt(60 / count)));

// layout returns a Map from a node's name to its place {x, y, out}; out is the way along
// which its label stands off.
export function layout(view, nodes, width, height, r, self) {
  const places = new Map(), middle = { x: width / 2, y: height / 2 };
  if (view === 'map') {
    const at = frame(width, height);
    for (const n of nodes) { const [x, y] = at(n.lat, n.lon); places.set(n.name, { x, y }); }
    part(places, 2 * r + 2.5, width, height, r);
  } else if (view === 'ring') {
    const ring = ringRadius(width, height);
    for (const n of nodes) places.set(n.name, onRing(n.turn, ring, middle));
    if (nodes.length * (2 * r + 1) < turn * ring) spreadOut(places, (2 * r + 1) / ring, ring, middle);
  } else {
    const far = Math.max(1, ...nodes.map(n => n.rtt_ms || 0)), room = nearRadius(width, height, r);
    for (const n of nodes) places.set(n.name, n.name === self ? { ...middle } : onRing(n.turn, Math.max(0.16, (n.rtt_ms || far) / far) * room, middle));
    part(places, 2 * r + 2.5, width, height, r);
  }
  return places;
}

export const ringRadius = (width, height) => Math.max(20, Math.min(width, height) / 2 - 34);

// nearRadius is how far out the farthest peer stands.
export const nearRadius = (width, height, r) => Math.max(20, Math.min(width, height) / 2 - 3 * r - 8);

// onRing is a place in the key space: 0 is on top, and it goes on as a clock does.
export function onRing(position, ring, middle) {
  const angle = position * turn - turn / 4;
  return { x: middle.x + ring * Math.cos(angle), y: middle.y + ring * Math.sin(angle), angle };
}

// part moves what lies on one another apart, and each back to where it belongs a little.
function part(places, least, width, height, r) {
  const all = [...places.values()].map(p => ({ p, x: p.x, y: p.y }));
  const rounds = all.length > 200 ? 30 : 80;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      for (let j = 0; j < i; j++) {
        const a = all[i].p, b = all[j].p;
        let dx = a.x - b.x, dy = a.y - b.y, d = Math.hypot(dx, dy);
        if (d >= least) continue;
        if (d < 0.01) { dx = Math.cos(i * 2.4); dy = Math.sin(i * 2.4); d = 1; }
        const push = (least - Math.min(d, least)) / 2 + 0.01;
        a.x += dx / d * push; a.y += dy / d * push; b.x -= dx / d * push; b.y -= dy / d * push;
      }
    }
    for (const { p, x, y } of all) {
      p.x += (x - p.x) * 0.02; p.y += (y - p.y) * 0.02;
      p.x = Math.min(width - r - 3, Math.max(r + 3, p.x)); p.y = Math.min(height - r - 3, Math.max(r + 3, p.y));
    }
  }
}

// spreadOut keeps neighbours on the ring from lying on one another.
function spreadOut(places, least, ring, middle) {
  const all = [...places.values()].sort((a, b) => a.angle - b.angle);
  for (let round = 0; round < 250; round++) {
    all.forEach((a, i) => {
      const b = all[(i + 1) % all.length], gap = (b.angle - a.angle + turn) % turn;
      if (all.length > 1 && gap < least) { a.angle -= (least - gap) / 2; b.angle += (least - gap) / 2; }
    });
  }
  for (const p of all) { p.x = middle.x + ring * Math.cos(p.angle); p.y = middle.y + ring * Math.sin(p.angle); }
}

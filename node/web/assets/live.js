// The wire to the program: the key of this run, requests, and the stream of news.

const slot = 'cairn-key';

// The key comes behind the # of the link, which the browser sends to nobody, and is
// taken out of the address bar.
function readKey() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(slot, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(slot) || '';
}

const key = readKey();

const headers = more => ({ Authorization: `Bearer ${key}`, ...more });

async function read(response) {
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `the program answered with ${response.status}`);
  return answer;
}

export const get = async path => read(await fetch(path, { headers: headers() }));

export const post = async (path, body) => read(await fetch(path, {
  method: 'POST', headers: headers({ 'Content-Type': 'application/json' }), body: JSON.stringify(body),
}));

// follow hands each message to take, for ever: a stream that ends is begun anew, and its
// first message has everything. say hears '' while it runs, else what is wrong.
export async function follow(take, say) {
  for (let pause = 300; ; pause = Math.min(pause * 2, 5000)) {
    try {
      const response = await fetch('/live/news', { headers: headers() });
      if (!response.ok) await read(response);
      say('');
      pause = 150;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        rest += value;
        const events = rest.split('\n\n');
        rest = events.pop();
        for (const e of events) if (e.startsWith('data: ')) take(JSON.parse(e.slice(6)));
      }
      say('the stream ended, connecting again');
    } catch (err) {
      say(err.message.startsWith('not the key') ? err.message : `not connected: ${err.message}`);
    }
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}

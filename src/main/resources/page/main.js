// Where the page begins: which view is shown, what it asks for again and again, who is signed in.

import { OPERATIONS, Problem, call, callIfThere, forgetKey, keyNow, takeKey } from './api.js';
import { command } from './command.js';
import { confirmation } from './confirm.js';
import { connections } from './connections.js';
import { deadLetters } from './deadletters.js';
import { h, show } from './dom.js';
import { instances } from './instances.js';
import { overview } from './overview.js';
import { button, field, notice } from './parts.js';
import { send } from './send.js';
import { when } from './words.js';

const AGAIN_MS = 3_000;

/** Where the relay tells of news by itself, only what is no event changes without. */
const AGAIN_WHILE_TOLD_MS = 10_000;

/** Events often come in pairs. */
const TOGETHER_MS = 100;
const NEWS_MS = 10_000;
const ROLES = ['viewer', 'sender', 'operator'];

/** The views, by the first word of the address behind the #. */
const VIEWS = { '': overview, commands: command, send, connections, instances, 'dead-letters': deadLetters };
const MENU = [
  ['', 'Overview'],
  ['send', 'Send a command'],
  ['connections', 'Connections'],
  ['instances', 'Instances'],
  ['dead-letters', 'Dead letters'],
];

const page = {
  /** Who is signed in, and what they may do; null: not known yet. */
  me: null,
  locked: false,
  wrongKey: false,
  live: true,
  /** Whether the relay tells of what is new in this view by itself. */
  isTold: false,
  place: null,
  data: null,
  problem: null,
  loadedAt: null,
  question: null,
};

let timer = 0;
/** When it goes off, by the clock of the page. */
let due = 0;
let newsTimer = 0;
let asked = new AbortController();

/** Ends what the page listens to; null: it listens to nothing. */
let listening = null;

/** What views may use of the page. */
const hands = {
  can: (role) => ROLES.indexOf(page.me?.role ?? 'operator') >= ROLES.indexOf(role),
  ask: (question) => {
    page.question = { ...question, problem: null, busy: false };
    draw();
  },
  draw: () => draw(),
  refresh: () => load(),
  go: (address) => {
    window.location.hash = address;
  },
  /** Another query of the same view: its filters. */
  query: (changes) => {
    const query = new URLSearchParams(page.place.query);
    Object.entries(changes).forEach(([name, value]) => (value ? query.set(name, value) : query.delete(name)));
    window.location.replace(addressOf(page.place.name, page.place.id, query));
  },
  tell: (...text) => tell(...text),
};

function addressOf(name, id, query) {
  const text = query?.toString();
  return `#/${name}${id === null ? '' : `/${encodeURIComponent(id)}`}${text ? `?${text}` : ''}`;
}

function placeNow() {
  const [path, query] = window.location.hash.replace(/^#\/?/, '').split('?', 2);
  const [name, id] = path.split('/', 2);
  const known = Object.hasOwn(VIEWS, name) && (name !== 'commands' || id) ? name : '';
  return { name: known, id: id === undefined ? null : decoded(id), query: new URLSearchParams(query ?? '') };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function arrive() {
  const before = page.place;
  page.place = placeNow();
  const isOther = before === null || before.name !== page.place.name || before.id !== page.place.id;
  if (isOther) {
    stopListening();
    Object.assign(page, { data: null, problem: null, loadedAt: null });
  }
  draw();
  if (isOther && before !== null) {
    // As a browser does for a new document: from the top, and a screen reader reads the heading.
    window.scrollTo(0, 0);
    document.querySelector('main h1')?.focus();
  }
  load();
}

/** Asks for what the view shows, and again after a while. What was asked for before is of no interest any more. */
async function load() {
  asked.abort();
  asked = new AbortController();
  const mine = asked;
  clearTimeout(timer);
  timer = 0;
  if (page.locked || !page.live || document.hidden) {
    stopListening();
  }
  if (page.locked) {
    return;
  }
  const key = keyNow();
  try {
    if (page.me === null) {
      page.me = (await callIfThere(OPERATIONS.me, { signal: mine.signal }, null)) ?? { name: null, role: 'operator' };
    }
    const data = await VIEWS[page.place.name].load(page.place, mine.signal);
    if (mine !== asked) {
      return;
    }
    Object.assign(page, { data, problem: null, loadedAt: new Date().toISOString() });
  } catch (problem) {
    if (mine !== asked) {
      return;
    }
    if (problem.status === 401) {
      lock(key);
    } else {
      page.problem = problemOf(problem);
    }
  }
  draw();
  if (page.live && !document.hidden && !page.locked) {
    again(page.isTold ? AGAIN_WHILE_TOLD_MS : VIEWS[page.place.name].every ?? AGAIN_MS);
    beginListening();
  }
}

/** Asks again after so long, unless it does so before. */
function again(after) {
  const at = performance.now() + after;
  if (timer === 0 || at < due) {
    clearTimeout(timer);
    due = at;
    timer = setTimeout(load, after);
  }
}

/** Has the relay tell of what is new, if it does so for this view. As long as it does not, the page asks. */
async function beginListening() {
  const { news } = VIEWS[page.place.name];
  if (listening !== null || news === undefined || page.data === null || page.problem !== null || news.isOver(page.data)) {
    return;
  }
  const mine = new AbortController();
  listening = mine;
  const ifMine = (then) => () => {
    if (listening === mine) {
      then();
    }
  };
  try {
    await news.listen(page.data, {
      opened: ifMine(() => {
        page.isTold = true;
        draw();
      }),
      heard: ifMine(() => again(TOGETHER_MS)),
    }, mine.signal);
  } catch {
    // The relay is away, or as many listen as may: the page asks as before.
  }
  ifMine(() => {
    page.isTold = false;
    // Not at once: it may have nothing to tell.
    setTimeout(ifMine(stopListening), AGAIN_WHILE_TOLD_MS);
    again(TOGETHER_MS);
  })();
}

function stopListening() {
  listening?.abort();
  listening = null;
  page.isTold = false;
}

function problemOf(problem) {
  if (problem instanceof Problem) {
    return problem;
  }
  console.error(problem);
  return new Problem(-1, `The page has a fault: ${problem.message}`);
}

/** Asks for a key. The one that the relay has refused is forgotten; not one that has taken its place meanwhile. */
function lock(refused) {
  stopListening();
  page.wrongKey = refused !== null;
  if (keyNow() === refused) {
    forgetKey();
  }
  Object.assign(page, { locked: true, me: null, data: null, problem: null, question: null });
}

function signIn(event) {
  event.preventDefault();
  const key = new FormData(event.target).get('key').trim();
  if (key !== '') {
    takeKey(key);
    page.locked = false;
    draw();
    load();
  }
}

function signOut() {
  forgetKey();
  lock(null);
  draw();
}

/** Says what became of something that a person did, to the eye and to a screen reader. */
function tell(...text) {
  clearTimeout(newsTimer);
  const news = document.getElementById('news');
  show(news, ...text);
  news.className = 'news';
  newsTimer = setTimeout(() => {
    show(news);
    news.className = 'unseen';
  }, NEWS_MS);
}

function draw() {
  const root = document.getElementById('page');
  if (page.locked) {
    document.title = 'Sign in · dbt-cloud-relay';
    show(root, signInForm());
    return;
  }
  const view = VIEWS[page.place.name];
  document.title = `${view.title(page.place)} · dbt-cloud-relay`;
  show(
    root,
    header(),
    h('main', { id: 'main', tabindex: '-1' },
      h('h1', { key: `${page.place.name}/${page.place.id}`, tabindex: '-1' }, view.title(page.place)),
      page.problem === null || page.problem.status === 404 && page.data === null ? null : trouble(),
      page.data === null ? empty() : view.render(page.data, page.place, hands)),
    page.question === null ? null : confirmation(page.question, hands, () => {
      page.question = null;
      draw();
    }),
  );
}

function empty() {
  if (page.problem === null) {
    return h('p', { class: 'nothing', key: 'loading' }, 'Asking the relay …');
  }
  return page.problem.status === 404 ? notice('idle', 'There is nothing here.', page.problem.message) : null;
}

function trouble() {
  const forbidden = page.problem.status === 403;
  return notice('bad', forbidden ? 'Your key does not allow this.' : 'The last request failed.', page.problem.message,
    page.loadedAt === null ? null : h('p', null, 'What you see below is from ', when(page.loadedAt), '.'));
}

function header() {
  return h('header', { class: 'top' },
    h('a', {
      class: 'skip',
      href: '#main',
      onclick: (event) => {
        event.preventDefault();
        document.getElementById('main').focus();
      },
    }, 'To the content'),
    h('a', { class: 'brand', href: '#/' }, 'dbt-cloud-relay'),
    h('nav', { 'aria-label': 'Views' },
      h('ul', null, MENU.map(([name, text]) =>
        h('li', null, h('a', { href: `#/${name}`, 'aria-current': name === page.place.name && page.place.id === null ? 'page' : null }, text))))),
    h('div', { class: 'who' },
      h('button', {
        type: 'button', class: 'quiet live', 'aria-pressed': String(page.live),
        title: !page.live
          ? 'The page stands still'
          : page.isTold ? 'The relay tells the page of each event' : 'The page asks the relay every three seconds',
        onclick: () => {
          page.live = !page.live;
          draw();
          load();
        },
      }, 'Live'),
      page.me?.name ? h('span', { class: 'me', title: 'The name of your key, and its role' }, `${page.me.name} · ${page.me.role}`) : null,
      keyNow() !== null ? button('Sign out', signOut, { kind: 'quiet' }) : null));
}

function signInForm() {
  return h('main', { class: 'alone', key: 'sign-in' },
    h('h1', null, 'dbt-cloud-relay'),
    h('form', { onsubmit: signIn },
      page.wrongKey ? notice('bad', 'The relay does not take this key.') : null,
      field('key', 'API key', h('input', {
        id: 'key', name: 'key', type: 'password', autocomplete: 'off', required: true, 'aria-describedby': 'key-hint',
        mounted: (element) => element.focus(),
      }), 'One of relay.api.keys, or a token of your identity provider if the relay takes those. It stays in this tab until you close it or sign out.'),
      h('button', { type: 'submit', class: 'primary' }, 'Sign in')));
}

window.addEventListener('hashchange', arrive);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    stopListening();
  } else if (page.live) {
    load();
  }
});
arrive();

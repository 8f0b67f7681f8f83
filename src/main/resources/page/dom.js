// Describes elements and makes the document agree with the description, changing no more than it must: what has the focus keeps it,
// what a person types stays, and a screen reader hears of nothing that is as it was. Text is inserted as text, never as HTML.

const SVG = 'http://www.w3.org/2000/svg';

/** Set as properties: as attributes they only give the first value. */
const PROPERTIES = new Set(['value', 'checked', 'disabled']);

/**
 * An element. Properties: `key` finds it again among its siblings; `mounted` is called with the element when it is in the document;
 * `onclick` and the like are listeners; the rest are attributes, absent where null or false. Children may be lists, texts and
 * numbers; null and false are nothing.
 */
export function h(tag, properties, ...children) {
  return { tag, properties: properties ?? {}, children: flat(children) };
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (typeof child === 'object' ? child : { text: String(child) }));
}

/** Makes the content of an element what the description says; the next call compares with this one. */
export function show(root, ...children) {
  const after = [];
  if (root.shown === undefined) {
    root.replaceChildren();
  }
  const shown = flat(children);
  agree(root, root.shown ?? [], shown, null, after);
  root.shown = shown;
  after.forEach((call) => call());
}

function agree(parent, before, now, namespace, after) {
  const left = new Set(before);
  const byKey = new Map(before.filter((old) => old.properties?.key !== undefined).map((old) => [old.properties.key, old]));
  const unkeyed = before.filter((old) => old.properties?.key === undefined);
  for (const child of now) {
    const key = child.properties?.key;
    const at = key === undefined ? unkeyed.findIndex((old) => old.tag === child.tag) : -1;
    const old = key === undefined ? unkeyed.splice(0, at + 1).at(-1) : byKey.get(key);
    if (old !== undefined && old.tag === child.tag) {
      left.delete(old);
      child.old = old;
      child.node = old.node;
    }
  }
  left.forEach((old) => old.node.remove());
  let place = parent.firstChild;
  for (const child of now) {
    if (child.old === undefined) {
      child.node = made(child, namespace);
      if (child.properties?.mounted !== undefined) {
        after.push(() => child.properties.mounted(child.node));
      }
    }
    if (child.node === place) {
      place = place.nextSibling;
    } else {
      parent.insertBefore(child.node, place);
    }
    if (child.tag === undefined) {
      if (child.node.data !== child.text) {
        child.node.data = child.text;
      }
    } else {
      agree(child.node, child.old?.children ?? [], child.children, namespaceIn(child, namespace), after);
      // Afterwards: a select takes the value of an option only if it has that option.
      setAll(child.node, child.old?.properties ?? {}, child.properties);
    }
    delete child.old;
  }
}

function made(child, namespace) {
  if (child.tag === undefined) {
    return document.createTextNode(child.text);
  }
  const own = namespaceIn(child, namespace);
  return own === null ? document.createElement(child.tag) : document.createElementNS(own, child.tag);
}

function namespaceIn(child, namespace) {
  return child.tag === 'svg' ? SVG : namespace;
}

function setAll(element, before, now) {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (name !== 'key' && name !== 'mounted' && before[name] !== now[name]) {
      set(element, name, now[name] ?? null);
    }
  }
}

function set(element, name, value) {
  if (name.startsWith('on')) {
    element[name] = value;
  } else if (PROPERTIES.has(name)) {
    element[name] = value ?? '';
  } else if (value === null || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? '' : value);
  }
}

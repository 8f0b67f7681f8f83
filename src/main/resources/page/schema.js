// Makes form fields of the JSON Schema of commands, and JSON of what was typed.

import { h } from './dom.js';
import { field } from './parts.js';

let known = null;

/** The schema, as the relay serves it beside this page. */
export async function commandSchema(signal) {
  known ??= await (await fetch('page/command.schema.json', { signal, credentials: 'omit' })).json();
  return known;
}

export function verbsOf(schema) {
  return schema.properties.command.enum;
}

/** The ways to say which job or run a command of this verb is about: their words, and the fields that they need. */
export function waysOf(schema, verb) {
  const { oneOf, allOf } = schema.$defs[verb];
  return (oneOf ?? allOf).map(({ $ref }) => {
    const { description, required } = schema.$defs[$ref.split('/').at(-1)];
    return { description, required };
  });
}

/** The further fields that a command of this verb may have. */
export function fieldsOf(schema, verb) {
  const ways = new Set(waysOf(schema, verb).flatMap(({ required }) => required));
  const foreign = schema.$defs[verb].properties;
  return Object.keys(schema.properties).filter(
    (name) => name !== 'command' && name !== 'dry_run' && !ways.has(name) && foreign[name]?.type !== 'null');
}

function kindOf(property) {
  const types = [property.type ?? []].flat();
  if (property.enum) {
    return 'choice';
  }
  if (types.includes('object') && property.additionalProperties === false) {
    return 'group';
  }
  return ['boolean', 'integer', 'number', 'array', 'string'].find((type) => types.includes(type)) ?? 'json';
}

/**
 * The controls of a field.
 *
 * @param texts what was typed, by the name of the field; those of a group have its name and a dot in front
 * @param wrong the name of the field that the relay has found fault with
 */
export function controls(name, property, texts, wrong, onChange) {
  const kind = kindOf(property);
  const label = name.split('.').at(-1);
  const id = `field-${name.replace('.', '-')}`;
  if (kind === 'group') {
    return h('fieldset', { key: name }, h('legend', null, label), h('p', { class: 'hint' }, property.description),
      Object.entries(property.properties).map(([member, its]) => controls(`${name}.${member}`, its, texts, wrong, onChange)));
  }
  const properties = {
    id,
    'aria-describedby': `${id}-hint`,
    'aria-invalid': wrong === name ? 'true' : null,
    value: texts.get(name) ?? '',
    autocomplete: 'off',
    spellcheck: 'false',
    onchange: (event) => onChange(name, event.target.value),
  };
  return h('div', { key: name }, field(id, label, controlOf(kind, property, properties), hintOf(kind, property)));
}

function controlOf(kind, property, properties) {
  switch (kind) {
    case 'choice':
      return options(properties, property.enum.filter((option) => option !== null));
    case 'boolean':
      return options(properties, ['true', 'false']);
    case 'integer':
    case 'number':
      return h('input', { ...properties, inputmode: kind === 'integer' ? 'numeric' : 'decimal' });
    case 'array':
    case 'json':
      return h('textarea', { ...properties, rows: '3' });
    default:
      return h('input', properties);
  }
}

function options(properties, values) {
  return h('select', properties, ['', ...values].map((value) => h('option', { value }, value === '' ? 'default' : value)));
}

function hintOf(kind, property) {
  const how = { array: ' One on each line.', json: ' As JSON.' }[kind] ?? '';
  // "Of trigger: …": the form has only what the verb may have.
  const text = (property.description ?? '').replace(/^Of [a-z, ]+: (.)/, (_, first) => first.toUpperCase());
  return text + how;
}

/** A field that cannot be read as what it must be. */
export class BadField extends Error {
  constructor(name, message) {
    super(`${name}: ${message}`);
    this.parameter = name;
  }
}

/** The JSON of a command, as a text: ids may have more digits than a number of JavaScript keeps. */
export function commandOf(schema, verb, names, texts, further = {}) {
  const members = [['command', JSON.stringify(verb)]];
  for (const name of names) {
    const property = schema.properties[name];
    if (kindOf(property) === 'group') {
      const inner = Object.entries(property.properties)
        .map(([member, its]) => [member, jsonOf(`${name}.${member}`, its, texts)])
        .filter(([, json]) => json !== null);
      if (inner.length > 0) {
        members.push([name, objectOf(inner)]);
      }
    } else {
      const json = jsonOf(name, property, texts);
      if (json !== null) {
        members.push([name, json]);
      }
    }
  }
  Object.entries(further).forEach(([name, value]) => members.push([name, JSON.stringify(value)]));
  return objectOf(members);
}

function objectOf(members) {
  return `{${[...new Map(members)].map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(', ')}}`;
}

function jsonOf(name, property, texts) {
  const text = (texts.get(name) ?? '').trim();
  if (text === '') {
    return null;
  }
  switch (kindOf(property)) {
    case 'integer':
      return matching(name, text, /^-?(0|[1-9][0-9]*)$/, 'it must be a whole number');
    case 'number':
      return matching(name, text, /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/, 'it must be a number');
    case 'boolean':
      return text;
    case 'array':
      return `[${text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
        .map((line) => (line.startsWith('{') ? checked(name, line) : JSON.stringify(line))).join(', ')}]`;
    case 'json':
      return checked(name, text);
    default:
      return JSON.stringify(text);
  }
}

function matching(name, text, pattern, fault) {
  if (!pattern.test(text)) {
    throw new BadField(name, fault);
  }
  return text;
}

function checked(name, text) {
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new BadField(name, 'it must be JSON');
  }
}

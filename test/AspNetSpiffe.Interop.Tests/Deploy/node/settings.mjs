// Validates settings files, each a line of JSON on standard input, by schemas that are merged as editors merge those of all packages: node settings.mjs SCHEMA…
// For each line it writes one: the places that are wrong, as a JSON array of 'path: what'.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Ajv from 'ajv';

const merge = (left, right) => {
  for (const [key, value] of Object.entries(right)) {
    const both = typeof value === 'object' && !Array.isArray(value) && typeof left[key] === 'object';
    if (both) merge(left[key], value);
    else if (key in left && JSON.stringify(left[key]) !== JSON.stringify(value)) throw new Error(`Two schemas say otherwise of '${key}'.`);
    else left[key] = value;
  }
  return left;
};

const schemas = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')));
const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false }).compile(schemas.reduce(merge, {}));

for await (const line of createInterface({ input: process.stdin })) {
  validate(JSON.parse(line));
  const mistakes = (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath}: ${params.additionalProperty ?? message}`);
  process.stdout.write(`${JSON.stringify(mistakes)}\n`);
}

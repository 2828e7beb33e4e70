// Writes YAML, read from standard input as GitHub reads it, as JSON; a key twice or a mistake ends it with 1.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

process.stdout.write(JSON.stringify(parse(readFileSync(0, 'utf8'), { version: '1.2', uniqueKeys: true, strict: true })));

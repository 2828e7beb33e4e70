// Reads the values of a chart as JSON from standard input and checks them, as Helm does, with the schema that is named first.
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';

const validate = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false }).compile(JSON.parse(readFileSync(process.argv[2], 'utf8')));
if (!validate(JSON.parse(readFileSync(0, 'utf8')))) {
  for (const { instancePath, message, params } of validate.errors) console.error(`${instancePath}: ${message} ${JSON.stringify(params)}`);
  process.exitCode = 1;
}

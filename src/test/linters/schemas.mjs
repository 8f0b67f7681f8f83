// SPDX-License-Identifier: Apache-2.0
// Compiles JSON Schemas as strictly as ajv can.
import {readFileSync} from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

for (const file of process.argv.slice(2)) {
  const ajv = new Ajv({strict: true, allErrors: true});
  addFormats(ajv);
  ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
  console.log(`${file}: fine`);
}

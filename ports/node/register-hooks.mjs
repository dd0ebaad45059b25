// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// The hooks of Node 18 and 20 run on a thread of their own and cannot ask the main one: the names
// are those that the source defines at its left margin; the default export has all of them.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = createRequire(import.meta.url)('./metacall.node');
const OWN = new Set(['', '.js', '.mjs', '.cjs', '.json', '.node', '.wasm', '.ts', '.mts', '.cts']);
const DEFINES = /^(?:async\s+)?(?:def|class|function)\s+([A-Za-z_$][\w$]*)/gm;

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:')) return nextLoad(url, context);
  const file = fileURLToPath(url);
  if (OWN.has(extname(file))) return nextLoad(url, context);
  const tag = native.tagOf(file);
  if (tag === null || tag === 'node') return nextLoad(url, context);
  const names = new Set();
  for (const [, name] of (await readFile(file, 'utf8')).matchAll(DEFINES)) names.add(name);
  names.delete('default');
  const lines = [...names].map((name) => `const ${name}_ = m[${JSON.stringify(name)}];\n` +
    `export { ${name}_ as ${name} };\n`);
  return {
    format: 'module',
    shortCircuit: true,
    source: `const m = globalThis[Symbol.for('metacall.register')](${JSON.stringify(tag)}, ` +
      `${JSON.stringify(file)});\nexport default m;\n${lines.join('')}`,
  };
}

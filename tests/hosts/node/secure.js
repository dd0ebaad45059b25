// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Node's executable exports an OpenSSL and a zlib of its own. Python must work with those that it
// was built for, and both must go on working side by side.
const assert = require('assert');
const { execFileSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const tls = require('tls');
const zlib = require('zlib');
const test = require('./suite.js');
const metacall = require('metacall');

const script = path.join(__dirname, 'fixtures/secure.py');
const py = metacall.metacall_load_from_file_export('py', [script]);
const pem = fs.readFileSync(path.join(__dirname, 'fixtures/tls.pem'));
const shared = process.config.variables.node_shared || process.config.variables.node_shared_openssl;
const SHA256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const SHA3 = '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532';

function plainPython() {
  const { minor } = metacall.metacall_load_from_memory_export('py',
    'import sys\ndef minor():\n    return sys.version_info[1]\n');
  const code = 'import ssl, zlib; print(ssl.OPENSSL_VERSION); print(zlib.ZLIB_RUNTIME_VERSION)';
  const environment = { ...process.env };
  delete environment.LD_LIBRARY_PATH;
  return execFileSync(`python3.${minor()}`, ['-c', code], { encoding: 'utf8', env: environment })
    .trim().split('\n');
}

test("the versions are those of Python's own libraries", () => {
  const [openssl, z, sha256, sha3, works] = py.versions();
  assert.deepStrictEqual([sha256, sha3, works], [SHA256, SHA3, true]);
  if (shared) assert.match(openssl, /^OpenSSL 3/); // one library for both, the system's
  else assert.deepStrictEqual([openssl, z], plainPython());
  const mapped = fs.readFileSync('/proc/self/maps', 'utf8');
  for (const name of [/\/\S*libssl\.so\S*/g, /\/\S*libcrypto\.so\S*/g]) {
    assert.strictEqual(new Set(mapped.match(name)).size, 1);
  }
});

test("Node's own go on", () => {
  assert.strictEqual(crypto.createHash('sha256').update('abc').digest('hex'), SHA256);
  const text = Buffer.from('abc'.repeat(1000));
  assert(zlib.gunzipSync(zlib.gzipSync(text)).equals(text));
});

test('TLS: Python to Python', () => {
  const [protocol, answer] = py.connect(py.serve(), 'from python');
  assert.match(protocol, /^TLSv1\.[23]$/);
  assert.strictEqual(answer, 'FROM PYTHON');
});

test('TLS: Node to Python', async () => {
  const port = py.serve();
  const answer = await new Promise((resolve, reject) => {
    const stream = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: pem });
    let data = '';
    stream.on('secureConnect', () => {
      assert.strictEqual(stream.authorized, true);
      stream.write('from node');
    });
    stream.on('data', (part) => { data += part; });
    stream.on('end', () => { stream.end(); resolve(data); });
    stream.on('error', reject);
  });
  assert.strictEqual(answer, 'FROM NODE');
});

test('TLS: Python to Node', async () => {
  const server = tls.createServer({ key: pem, cert: pem }, (stream) => {
    stream.on('data', (data) => stream.end(String(data).toUpperCase()));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  py.connect_later(server.address().port, 'from python');
  let result = null;
  while ((result = py.collect()) === null) await new Promise((resolve) => setTimeout(resolve, 2));
  server.close();
  assert.deepStrictEqual([result[0].slice(0, 5), result[1]], ['TLSv1', 'FROM PYTHON']);
});

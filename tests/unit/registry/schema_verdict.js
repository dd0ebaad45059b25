// SPDX-License-Identifier: Apache-2.0
// schema_verdict.js SCHEMA FIXTURES [MANIFEST...]: the corpus through a JSON Schema validator (ajv).
// Every manifest must get the verdict that its `expect` names, but for those with a line
// `schema <reason>`: what a schema cannot see. They must then get the other verdict, or the reason
// is stale. The manifests named last must be valid.
'use strict';
const fs = require('fs');
const path = require('path');

let Ajv;
try {
    const ajv = require(path.join(process.env.METACALL_DEPS_DIR || '', 'npm/node_modules/ajv/dist/2020'));
    Ajv = ajv.default || ajv;
} catch (error) {
    console.log('SKIP: ajv is not there (tools/setup installs it): ' + error.message.split('\n')[0]);
    process.exit(77);
}
const [schema, fixtures, ...manifests] = process.argv.slice(2);
const validate = new Ajv({ allErrors: true, strict: false })
    .compile(JSON.parse(fs.readFileSync(schema, 'utf8')));

function verdict(file) {
    try {
        return validate(JSON.parse(fs.readFileSync(file, 'utf8'))) ? 'valid' : 'invalid';
    } catch (error) {
        return 'invalid';
    }
}

let faults = 0, seen = 0, reasons = 0;
for (const name of fs.readdirSync(fixtures).sort()) {
    const folder = path.join(fixtures, name);
    if (!fs.existsSync(path.join(folder, 'expect')))
        continue;
    const lines = fs.readFileSync(path.join(folder, 'expect'), 'utf8').split('\n');
    const file = fs.readdirSync(folder).find((entry) => entry.endsWith('.loader.json'));
    const reason = lines.find((line) => line.startsWith('schema '));
    const wanted = reason ? 'valid' : lines[0];
    const got = verdict(path.join(folder, file));
    seen++;
    reasons += reason ? 1 : 0;
    if (got !== wanted) {
        faults++;
        console.log(`${name}: the schema says ${got}, wanted ${wanted}${reason ? ` (${reason})` : ''}`);
        if (got === 'invalid' && validate.errors)
            console.log('  ' + validate.errors.slice(0, 3).map((e) => `${e.instancePath} ${e.message}`).join('; '));
    }
}
for (const file of manifests) {
    seen++;
    if (verdict(file) !== 'valid') {
        faults++;
        console.log(`${file}: ${JSON.stringify(validate.errors)}`);
    }
}
console.log(`${seen} manifests, ${reasons} with a reason why a schema cannot see the fault, ${faults} faults`);
process.exit(faults || !seen ? 1 : 0);

const fs = require('node:fs');
const path = require('node:path');

const store = path.join(process.env.STORE, 'cache');
fs.mkdirSync(store, { recursive: true });
const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';
const folder = input('path').trim();

module.exports = { fs, path, store, input, folder };

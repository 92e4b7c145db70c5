const { fs, path, store, input, folder } = require('./entries.js');

const names = fs.readdirSync(store);
const age = (name) => fs.statSync(path.join(store, name)).mtimeMs;
const newest = (prefix) =>
  names.filter((name) => name.startsWith(prefix)).sort((one, two) => age(two) - age(one))[0];
const key = input('key');
const prefixes = input('restore-keys').split('\n').map((line) => line.trim()).filter(Boolean);
const found = names.includes(key) ? key : prefixes.map(newest).find(Boolean);
// A fresh runner has none of it.
fs.rmSync(folder, { recursive: true, force: true });
if (found) {
  fs.cpSync(path.join(store, found), folder, { recursive: true });
}
console.log(found ? `Cache restored from key: ${found}` : `Cache not found for: ${key}`);

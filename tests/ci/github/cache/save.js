const { fs, path, store, input, folder } = require('./entries.js');

const entry = path.join(store, input('key'));
if (fs.existsSync(entry)) {
  console.log(`Not saved, because there is a cache with the key ${input('key')}`);
} else if (fs.existsSync(folder)) {
  fs.cpSync(folder, entry, { recursive: true });
  console.log(`Cache saved with key: ${input('key')}`);
}

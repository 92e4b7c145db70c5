// Loaded ahead of a program by NODE_OPTIONS: has Node's `fetch` go through
// HTTPS_PROXY, which it does not do by itself before Node 24.

const { EnvHttpProxyAgent, setGlobalDispatcher } = require("undici");

setGlobalDispatcher(new EnvHttpProxyAgent());

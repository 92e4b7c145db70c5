// Calls the API with needle, which tunnels through no proxy. See loop.cjs.

const needle = require("needle");

const { run } = require("./loop.cjs");

run(async (method, url, headers, data) => {
  const answer = await needle(method.toLowerCase(), url, data, { headers, timeout: 30_000 });
  return answer.statusCode;
});

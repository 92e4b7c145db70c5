// Calls the API with Node's own `fetch`. See loop.cjs.

import { run } from "./loop.cjs";

await run(async (method, url, headers, body) => {
  const signal = AbortSignal.timeout(30_000);
  const answer = await fetch(url, { method, headers, body, signal });
  await answer.arrayBuffer();
  return answer.status;
});

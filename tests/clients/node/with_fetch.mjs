// Calls the API with Node's own `fetch`. See ../python/loop.py.

const [name, workers, calls, pause] = process.argv.slice(2);
const token = process.env.GENESYSCLOUD_ACCESS_TOKEN;
const api = process.env.GC_TOKEN_GATEWAY_URL ?? process.env.CLIENT_API;

async function work(worker) {
  await sleep((pause * worker) / workers);
  const begun = Date.now();
  for (let number = 0; number < calls; number++) {
    const [method, id] = number % 2 ? ["POST", `${name}-${worker}-${number}`] : ["GET", "-"];
    console.log(method, id, await call(method, id));
    await sleep((number + 1) * pause - (Date.now() - begun) / 1000);
  }
}

async function call(method, id) {
  const headers = { authorization: `Bearer ${token}` };
  const post = {
    method,
    headers: { ...headers, "content-type": "application/json", "x-request-id": id },
    body: JSON.stringify({ name: id }),
  };
  const signal = AbortSignal.timeout(30_000);
  try {
    const skills = `${api}/api/v2/routing/skills?pageSize=1`;
    const answer = await fetch(skills, { ...(method === "GET" ? { headers } : post), signal });
    await answer.arrayBuffer();
    return answer.status;
  } catch (why) {
    console.error(`${method} ${id}: ${why}: ${why.cause}`);
    return "failed";
  }
}

function sleep(seconds) {
  return new Promise((done) => setTimeout(done, Math.max(0, seconds * 1000)));
}

await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));

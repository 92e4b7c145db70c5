// The loop around each Node client of the tests. See ../python/loop.py.

const [name, workers, calls, pause] = process.argv.slice(2);
const api = process.env.GC_TOKEN_GATEWAY_URL ?? process.env.CLIENT_API;
const headers = { authorization: `Bearer ${process.env.GENESYSCLOUD_ACCESS_TOKEN}` };

// Runs the workers. `call(method, url, headers, body)` resolves to the status of the
// answer; a GET has no body, and that of a POST is JSON.
exports.run = async (call) => {
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(call, worker)));
};

async function work(call, worker) {
  await sleep((pause * worker) / workers);
  const begun = Date.now();
  for (let number = 0; number < calls; number++) {
    const [method, id] = number % 2 ? ["POST", `${name}-${worker}-${number}`] : ["GET", "-"];
    console.log(method, id, await status(call, method, id));
    await sleep((number + 1) * pause - (Date.now() - begun) / 1000);
  }
}

async function status(call, method, id) {
  const url = `${api}/api/v2/routing/skills`;
  const post = { ...headers, "content-type": "application/json", "x-request-id": id };
  try {
    return await (method === "GET"
      ? call(method, `${url}?pageSize=1`, headers)
      : call(method, url, post, JSON.stringify({ name: id })));
  } catch (why) {
    console.error(`${method} ${id}: ${why}: ${why.cause}`);
    return "failed";
  }
}

function sleep(seconds) {
  return new Promise((done) => setTimeout(done, Math.max(0, seconds * 1000)));
}

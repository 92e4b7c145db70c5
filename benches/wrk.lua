-- For wrk: the token of the file that $TOKEN_FILE names, and one line of figures:
-- requests a second, median and 99th percentile of the latency in microseconds,
-- requests in all, requests that failed.
local token = assert(io.open(assert(os.getenv("TOKEN_FILE")))):read("*l")
wrk.headers["Authorization"] = "Bearer " .. token

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("figures %.0f %d %d %d %d", summary.requests / summary.duration * 1e6,
    latency:percentile(50), latency:percentile(99), summary.requests, failed))
end

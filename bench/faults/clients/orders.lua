-- wrk's part: N orders, each with a body (and a key) of its own; then it lets what is in flight end, and stops.
--   wrk -t1 -c16 -d10s -s orders.lua URL -- N [keys]
-- wrk knows only durations, so the script counts, and the duration has to be long enough. An order whose connection died is gone for the
-- script: wrk has no call that tells of it, and its next request is the next order.
local asked, keys, sent, probed = 0, false, 0, false

function init(words)
  asked, keys = tonumber(words[1]), words[2] == "keys"
end

function delay()
  return sent < asked and 0 or 1000
end

function request()
  if not probed then  -- wrk asks once before it begins, to see what a request looks like, and does not send that one
    probed = true
    return wrk.format("GET", "/stats")
  end
  if sent >= asked then
    wrk.thread:stop()
    return wrk.format("GET", "/stats")
  end
  local reference = "order-" .. sent
  sent = sent + 1
  local headers = { ["Content-Type"] = "application/json" }
  if keys then headers["Idempotency-Key"] = reference end
  return wrk.format("POST", nil, headers, '{"reference":"' .. reference .. '","sku":"TEA-0001","quantity":1}')
end

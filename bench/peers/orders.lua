-- A unique order of about 300 bytes in every request, made as cheaply as wrk allows: the head is made once, since the
-- body's length never changes, and the numbers have a fixed width. It proves nothing: no count, no record, no retry.
local body = '{"customer":{"name":"Customer %08d","email":"customer.%08d@example.com"},' ..
  '"address":{"street":"%04d Main Street","city":"Springfield","postcode":"%05d","country":"US"},' ..
  '"lines":[{"sku":"TEA-%04d","quantity":%d},{"sku":"TEA-%04d","quantity":%d}],"note":"order %08d"}'
local head
local format, random = string.format, math.random
local number = 0

function init(args)
  -- A seed per run; the thread's own address tells threads apart.
  math.randomseed(os.time() + tonumber(tostring({}):match('0x(%x+)'), 16) % 1000000)
  local length = #format(body, 0, 0, 0, 0, 0, 1, 0, 1, 0)
  head = 'POST ' .. wrk.path .. ' HTTP/1.1\r\nHost: ' .. wrk.headers['Host'] ..
    '\r\nContent-Type: application/json\r\nContent-Length: ' .. length .. '\r\n\r\n'
end

function request()
  number = number + 1
  return head .. format(body, number, random(0, 99999999), random(0, 9999), random(0, 99999), random(1, 80),
    random(1, 9), random(1, 80), random(1, 9), number)
end

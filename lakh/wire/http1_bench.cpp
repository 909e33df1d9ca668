// How long a head takes. The heads are what the loader, a browser and the shop send.
#include <lakh/wire/http1_body.hpp>
#include <lakh/wire/http1_head.hpp>
#include <lakh/wire/http1_write.hpp>

#include <benchmark/benchmark.h>

#include <string>

namespace lakh::wire {
namespace {

constexpr std::string_view small_get = "GET /ping HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

constexpr std::string_view order =
    "POST /orders HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: lakh/0.1\r\nAccept: application/json\r\n"
    "Content-Type: application/json\r\nContent-Length: 312\r\nIdempotency-Key: 01JD3K8Z0Y-0000012345\r\n\r\n";

constexpr std::string_view browser =
    "GET /catalogue/items?page=2&sort=price HTTP/1.1\r\nHost: shop.example.com\r\nConnection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

constexpr std::string_view created =
    "HTTP/1.1 201 Created\r\nServer: lakh\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
    "Content-Length: 187\r\nLocation: /orders/12345\r\n\r\n";

void parse_requests(benchmark::State& state, std::string_view bytes) {
  request_head head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    const auto result = parse_request_head(bytes, head);
    if (result.state != parse_state::complete) state.SkipWithError("not complete");
    benchmark::DoNotOptimize(head);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

void parse_responses(benchmark::State& state, std::string_view bytes) {
  response_head head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    const auto result = parse_response_head(bytes, head, http_method::post);
    if (result.state != parse_state::complete) state.SkipWithError("not complete");
    benchmark::DoNotOptimize(head);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

void decode_chunks(benchmark::State& state) {
  std::string bytes;
  const std::string data(static_cast<std::size_t>(state.range(0)), 'x');
  for (int i = 0; i < 16; ++i) append_chunk(bytes, data);
  append_last_chunk(bytes);
  for (auto _ : state) {
    body_decoder body(body_framing::chunked);
    std::string_view rest = bytes;
    while (body.state() == body_state::more) {
      const auto step = body.decode(rest);
      benchmark::DoNotOptimize(step.data);
      rest.remove_prefix(step.consumed);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

void write_response(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_status_line(out, 201);
    append_line(out, "Server: lakh");
    append_line(out, "Content-Type: application/json");
    benchmark::DoNotOptimize(append_field(out, "Location", "/orders/12345"));
    append_content_length(out, 187);
    append_head_end(out);
    benchmark::DoNotOptimize(out.data());
  }
}

BENCHMARK_CAPTURE(parse_requests, small_get, small_get);
BENCHMARK_CAPTURE(parse_requests, order, order);
BENCHMARK_CAPTURE(parse_requests, browser, browser);
BENCHMARK_CAPTURE(parse_responses, created, created);
BENCHMARK(decode_chunks)->Arg(16)->Arg(4096);
BENCHMARK(write_response);

}  // namespace
}  // namespace lakh::wire

// The client's whole side of an exchange: any bytes as the answer, in any cut, to a request small or large. It ends,
// says what is certain, and comes to the same end in any cut.
#include "expect.hpp"
#include "http1_cuts.hpp"

#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/client_connection.hpp>
#include <lakh/net/memory_stream.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace lakh;
using namespace std::chrono_literals;

constexpr std::uint64_t most = 512;

struct input {
  wire::http_method method;
  bool large;   // a request that is sent while the answer is read
  bool closes;  // the server, behind its answer
};

// Reads the request, so that it can be sent, and answers meanwhile.
task<void> read_all(net::stream& from) {
  std::array<char, 4096> buffer;
  for (;;) {
    const net::io_result got = co_await from.try_read_some(buffer);
    if (got.error || got.bytes == 0) co_return;
  }
}

task<void> answer(net::stream& to, const std::vector<std::string_view>& pieces, bool closes) {
  for (const std::string_view piece : pieces) {
    if ((co_await to.try_write(piece)).error) co_return;
    co_await sleep_for(1us);
  }
  if (closes) to.shutdown_write();
}

std::string exchange(const std::vector<std::string_view>& pieces, const input& how) {
  const auto work = [&]() -> task<std::string> {
    auto [client, server] = net::memory_pair(1024);
    http::client_limits limits;
    limits.head.max_head = 1024;
    limits.head.max_fields = 8;
    limits.body.max_body = most;
    http::client_connection connection(std::move(client), limits);
    const std::string body(how.large ? 20'000 : 10, 'x');
    http::exchange_result result;
    const auto both = [&](scope& s) -> task<void> {
      s.spawn(read_all(*server));
      s.spawn(answer(*server, pieces, how.closes));
      const time_point now = loop::current().now();
      result = co_await connection.exchange("POST / HTTP/1.1\r\n\r\n", body, how.method,
                                            http::exchange_deadlines(now + 1s, now + 2s));
      s.cancel();
    };
    co_await in_scope(both);

    fuzz::expect(result.certain != certainty::not_sent, "a peer that reads has been sent something");
    fuzz::expect((result.certain == certainty::answered) == !result.error, "answered, or an error");
    fuzz::expect(!result.error || !connection.reusable(), "no connection is used again after an error");
    std::string seen = std::string(name(kind_of(result.error))) + " " + std::string(message(result.malformed));
    if (!result.error) {
      fuzz::expect(connection.body().size() <= most, "no body is larger than allowed");
      const int status = connection.answer().status;
      fuzz::expect(status == 101 || (status >= 200 && status <= 999), "a final status");
      seen += " " + std::to_string(status) + " " + std::string(connection.body());
      for (const wire::field& f : connection.answer().fields)
        seen += "\n" + std::string(f.name) + ": " + std::string(f.value);
    }
    co_return seen;
  };
  return run_virtual(work());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const input how{static_cast<wire::http_method>(data[1] % 10), (data[1] & 64) != 0, (data[1] & 128) != 0};
  fuzz::expect_equal(exchange({bytes}, how), exchange(fuzz::cut(bytes, data[0]), how), "the cut decides nothing");
  return 0;
}

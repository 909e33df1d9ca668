// The server's whole side of a connection: any bytes, in any cut, to a small app. It ends, and what it answered reads
// as HTTP/1.1 to the last byte; the cut decides no status.
#include "expect.hpp"
#include "http1_cuts.hpp"

#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/app.hpp>
#include <lakh/net/memory_stream.hpp>
#include <lakh/wire/http1_body.hpp>
#include <lakh/wire/http1_head.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace lakh;
using namespace std::chrono_literals;
using wire::http_method;

// What was answered, in order: answers to HEAD have no body.
std::vector<http_method> answered;

http::app& small_app() {
  static http::app made("Small", "1");
  static const bool once = [] {
    made.get("/", [] { return std::string("hello"); });
    made.get("/a/{id}", [](http::path<"id", std::uint64_t> id, http::query<"q", std::uint8_t> q) {
      return std::to_string(*id) + ":" + std::to_string(*q);
    });
    made.get("/files/{rest...}", [](http::path<"rest", std::string> rest) { return *rest; });
    made.post("/echo", [](http::request& in) -> task<std::string> { co_return std::string(co_await in.body()); });
    made.post("/short",
              [](http::request& in) -> task<std::string> {
                co_await sleep_for(1ms);
                co_return std::string(co_await in.body());
              })
        .max_body(16);
    made.put("/unread", [] { return std::string("not read"); });
    made.get("/slow", []() -> task<std::string> {
      co_await sleep_for(1ms);
      co_return std::string("slow");
    });
    made.get("/fails", []() -> std::string { throw std::runtime_error("on purpose"); });
    made.del("/a/{id}", [](http::path<"id", std::uint64_t>) {});
    made.on_failure([](const http::request&, const std::exception_ptr&) {});
    made.after([](const http::access_record& record) { answered.push_back(record.in.method_code()); });
    return true;
  }();
  (void)once;
  return made;
}

http::server_limits small_limits() {
  http::server_limits limits;
  limits.head.max_head = 1024;
  limits.head.max_fields = 8;
  limits.max_body = 256;
  limits.max_discard = 64;
  return limits;
}

task<void> send(net::stream& to, const std::vector<std::string_view>& pieces) {
  for (const std::string_view piece : pieces) {
    if ((co_await to.try_write(piece)).error) co_return;
    co_await sleep_for(1us);  // the server's turn
  }
  to.shutdown_write();
}

std::string answers_to(const std::vector<std::string_view>& pieces) {
  answered.clear();
  const auto work = [&]() -> task<std::string> {
    auto [ours, theirs] = net::memory_pair(512);
    std::string got;
    const auto body = [&](scope& s) -> task<void> {
      s.spawn(small_app().serve(std::move(theirs), small_limits()));
      s.spawn(send(*ours, pieces));
      std::array<char, 300> buffer;
      for (;;) {
        const net::io_result read = co_await ours->try_read_some(buffer);
        if (read.error || read.bytes == 0) break;
        got.append(buffer.data(), read.bytes);
      }
      ours->close();
    };
    co_await in_scope(body);
    co_return got;
  };
  return run_virtual(work());
}

// The statuses of the final answers.
std::vector<int> read_all(std::string_view bytes) {
  std::vector<int> statuses;
  wire::response_head head;
  while (!bytes.empty()) {
    // What is refused before it is a request has no record; it gets a problem document, as other methods do.
    const http_method method = statuses.size() < answered.size() ? answered[statuses.size()] : http_method::other;
    const wire::head_result result = wire::parse_response_head(bytes, head, method);
    fuzz::expect(result.state == wire::parse_state::complete, "the head of an answer reads");
    bytes.remove_prefix(result.size);
    if (head.interim()) {
      fuzz::expect(head.status == 100 && !bytes.empty(), "an interim answer is 100, and another follows");
      continue;
    }
    fuzz::expect(head.framing != wire::body_framing::until_close, "an answer says where it ends");
    wire::body_decoder decoder(head);
    while (decoder.state() == wire::body_state::more && !bytes.empty())
      bytes.remove_prefix(decoder.decode(bytes).consumed);
    fuzz::expect(decoder.state() == wire::body_state::done, "an answer is whole");
    fuzz::expect(head.keep_alive || bytes.empty(), "nothing follows an answer that ends the connection");
    statuses.push_back(head.status);
  }
  fuzz::expect(statuses.size() <= answered.size() + 1, "one answer to each request");
  return statuses;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<int> whole = read_all(answers_to({bytes}));
  const std::vector<int> cut = read_all(answers_to(fuzz::cut(bytes, data[0])));
  // How much of an unread body is there already decides whether the connection is kept: one may end sooner.
  for (std::size_t i = 0; i < std::min(whole.size(), cut.size()); ++i)
    fuzz::expect(whole[i] == cut[i], "the cut decides no status");
  return 0;
}

// A TCP server with a task per connection, and a client, on one event loop. The same code serves IPv6 ("[::1]:0") and
// Unix-domain sockets ("unix:/tmp/echo.sock").
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/net/listener.hpp>

#include <array>
#include <cstdio>
#include <memory>

lakh::task<void> echo(std::unique_ptr<lakh::net::stream> peer) {
  std::array<char, 4096> buffer;
  while (const auto n = co_await peer->read_some(buffer)) co_await peer->write({buffer.data(), n});
}

lakh::task<void> serve(lakh::net::listener& listening, lakh::scope& connections) {
  for (;;) connections.spawn(echo(co_await listening.accept()));
}

lakh::task<void> demo() {
  lakh::net::listener listening(lakh::net::endpoint::parse("127.0.0.1:0"));
  co_await lakh::in_scope([&](lakh::scope& s) -> lakh::task<void> {
    s.spawn(serve(listening, s));
    auto client = co_await lakh::net::connect(listening.local());
    co_await client->write("one lakh is 100,000");
    std::array<char, 64> answer;
    const auto n = co_await client->read_some(answer);
    std::printf("%.*s\n", static_cast<int>(n), answer.data());
    s.cancel();  // ends the server and its connections; in_scope waits for them
  });
}

int main() {
  return lakh::run_main(demo());
}

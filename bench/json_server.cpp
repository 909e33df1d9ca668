// The server that bench/run.py measures: a small JSON answer through the framework, on one loop.
//
//   lakh_json_server PORT        GET /json   {"message":"Hello, World!","items":[1,2,3]}
//                                GET /task   the same by a coroutine
#include <lakh/async/run.hpp>
#include <lakh/http/app.hpp>

#include <cstdio>
#include <cstdlib>

namespace {

struct greeting {
  std::string message;
  std::vector<int> items;
};
BOOST_DESCRIBE_STRUCT(greeting, (), (message, items))

lakh::task<void> serve(std::uint16_t port) {
  lakh::http::app app("JSON", "1.0");
  app.get("/json", [] { return greeting{"Hello, World!", {1, 2, 3}}; });
  app.get("/task", []() -> lakh::task<greeting> { co_return greeting{"Hello, World!", {1, 2, 3}}; });
  co_await app.serve(lakh::net::listener(lakh::net::endpoint("127.0.0.1", port)));
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc == 2 ? std::atoi(argv[1]) : 0;
  if (port <= 0 || port > 65535) {
    std::fprintf(stderr, "usage: lakh_json_server PORT\n");
    return 2;
  }
  return lakh::run_main(serve(static_cast<std::uint16_t>(port)));
}

// An HTTP client: query, JSON, headers, errors with hints, timings. The server it asks is part of the example.
#include <lakh/async/run.hpp>
#include <lakh/core/json.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/session.hpp>

#include <chrono>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;
namespace http = lakh::http;

namespace {

struct city {
  std::string name;
  int page = 0;
};
BOOST_DESCRIBE_STRUCT(city, (), (name, page))

lakh::task<void> ask(std::string server) {
  http::session web;
  auto answer =
      co_await web.get(server + "/cities/北京").query("page", 2).header("Accept", "application/json").timeout(5s);
  answer.raise_for_status();
  std::printf("%s, page %ld, first byte after %ld us\n", answer.json().at("name").as_string().c_str(),
              answer.json().at("page").as_int64(),
              std::chrono::duration_cast<std::chrono::microseconds>(answer.times().first_byte).count());
  try {
    const lakh::json::value nowhere{{"name", "nowhere"}};
    auto refused = co_await web.post(server + "/cities/x").json(nowhere);
    refused.raise_for_status();
  } catch (const lakh::status_error& e) {
    std::printf("%d: %s\n", e.status(), e.hint().c_str());
  }
}

lakh::task<void> demo() {
  http::app app("Cities", "1.0");
  app.get("/cities/{name}", [](http::path<"name"> name, http::query<"page", int> page) { return city{*name, *page}; });
  co_await app.serve_while(ask);
}

}  // namespace

int main() {
  return lakh::run_main(demo());
}

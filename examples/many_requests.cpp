// A thousand requests, at most 64 at a time, over kept connections: gather keeps the order of the input. Compare with
// one after the other.
#include <lakh/async/gather.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/session.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace http = lakh::http;

namespace {

double seconds_since(lakh::time_point start) {
  return std::chrono::duration<double>(lakh::clock::now() - start).count();
}

lakh::task<void> ask(std::string server) {
  http::session web;
  std::vector<std::string> urls;
  for (int i = 0; i < 1000; ++i) urls.push_back(server + "/squares/" + std::to_string(i));

  auto start = lakh::clock::now();
  auto answers = co_await lakh::gather(urls, lakh::limit(64), [&](const auto& url) { return web.get(url); });
  for (const auto& answer : answers) answer.raise_for_status();
  std::printf("64 at a time: %.0f ms; the last says %s\n", seconds_since(start) * 1000, answers.back().body().c_str());

  start = lakh::clock::now();
  for (const auto& url : urls) (co_await web.get(url)).raise_for_status();
  std::printf("one by one:   %.0f ms\n", seconds_since(start) * 1000);
}

lakh::task<void> demo() {
  http::app app("Squares", "1.0");
  app.get("/squares/{n}", [](http::path<"n", std::int64_t> n) -> lakh::task<std::int64_t> {
    co_await lakh::sleep_for(std::chrono::milliseconds(1));  // somebody's database
    co_return *n** n;
  });
  co_await app.serve_while(ask);
}

}  // namespace

int main() {
  return lakh::run_main(demo());
}

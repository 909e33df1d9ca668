// What another project writes: nothing but the installed headers and libraries.
#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/session.hpp>

#include <cstdio>
#include <string>

lakh::task<void> ask(std::string server) {
  lakh::http::session http;
  const auto answer = co_await http.get(server + "/hello");
  answer.raise_for_status();
  std::printf("lakh says: %s\n", answer.body().c_str());
}

lakh::task<void> serve() {
  lakh::http::app app("Hello", "1.0");
  app.get("/hello", [] { return std::string("hello"); });
  co_await app.serve_while(ask);
}

int main() {
  return lakh::run_main(serve());
}

// A small web API: typed parameters and bodies, problem details, and an OpenAPI document at /openapi.json.
//
//   hello_server                   starts on a free port, asks itself, ends
//   hello_server 127.0.0.1:8080    serves until it is interrupted; then try
//     curl 'localhost:8080/hello/Mei?times=2'
//     curl localhost:8080/notes --json '{"text":"buy tea","stars":3}'
#include <lakh/async/run.hpp>
#include <lakh/http/app.hpp>
#include <lakh/http/bounded.hpp>
#include <lakh/http/session.hpp>

#include <cstdio>
#include <map>
#include <optional>
#include <string>

namespace http = lakh::http;

namespace {

struct greeting {
  std::string message;
};
BOOST_DESCRIBE_STRUCT(greeting, (), (message))

struct new_note {
  http::text<1, 200> text;
  std::optional<http::ranged<int, 1, 5>> stars;
};
BOOST_DESCRIBE_STRUCT(new_note, (), (text, stars))

struct note {
  std::int64_t id = 0;
  std::string text;
  std::optional<int> stars;
};
BOOST_DESCRIBE_STRUCT(note, (), (id, text, stars))

struct notebook {
  std::map<std::int64_t, note> notes;

  note add(const new_note& wanted) {
    note fresh{static_cast<std::int64_t>(notes.size()) + 1, wanted.text, {}};
    if (wanted.stars) fresh.stars = *wanted.stars;
    return notes[fresh.id] = fresh;
  }
};

void add_routes(http::app& app, notebook& book) {
  app.get("/hello/{name}", [](http::path<"name"> name, http::query<"times", http::ranged<int, 1, 9>, 1> times) {
    greeting out{"Hello"};
    for (int i = 0; i < *times; ++i) out.message += ", " + *name;
    return out;
  });
  app.post("/notes", [&](http::body<new_note> body) -> lakh::task<http::created<note>> {
    const note fresh = book.add(*body);  // a real one would wait for its database here
    co_return http::created(fresh, "/notes/" + std::to_string(fresh.id));
  });
  app.get("/notes/{id}", [&](http::path<"id", std::int64_t> id) -> note {
    const auto found = book.notes.find(*id);
    if (found == book.notes.end()) throw http::problem(404, "there is no note " + std::to_string(*id));
    return found->second;
  });
}

lakh::task<void> show(http::client_request request) {
  const http::response answer = co_await std::move(request);
  std::printf("%d %s\n", answer.status(), answer.body().c_str());
}

lakh::task<void> ask(std::string url) {
  http::session web(http::session_options().base_url(url));
  co_await show(web.get("/hello/Mei").query("times", 2));
  co_await show(web.post("/notes").body(R"({"text":"buy tea","stars":3})", "application/json"));
  co_await show(web.get("/notes/1"));
  co_await show(web.get("/notes/2"));
  co_await show(web.post("/notes").body(R"({"text":"","stars":9})", "application/json"));
}

lakh::task<void> serve(std::string at) {
  notebook book;
  http::app app("Hello", "1.0");
  add_routes(app, book);
  if (!at.empty()) {
    co_await app.serve(at, http::serve_options().on_listening([](const lakh::net::endpoint& bound) {
      std::printf("listening on http://%s\n", bound.text().c_str());
      std::fflush(stdout);
    }));
    co_return;
  }
  co_await app.serve_while(ask);
}

}  // namespace

int main(int argc, char** argv) {
  return lakh::run_main(serve(argc > 1 ? argv[1] : ""));
}

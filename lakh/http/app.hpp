// A web application: routes to typed handlers, served over HTTP/1.1, described by an OpenAPI document.
//
//   lakh::http::app shop("Shop", "1.0");
//   shop.get("/orders/{id}", [&](http::path<"id", std::int64_t> id) -> lakh::task<order_view> { ... });
//   shop.post("/orders", [&](http::body<new_order> order, http::header<"Idempotency-Key"> key)
//                            -> lakh::task<http::created<order_view>> { ... });
//   co_await shop.serve("127.0.0.1:8080");
//
// 1. Routes are registered before serving. While it serves, an app is not changed; serve_threads calls handlers on
//    several threads at once.
// 2. A handler is a function or lambda of arguments as in extract.hpp that returns a value as in respond.hpp, or a task
//    of one. What it throws is answered: http::problem as it is, all else as 500, and told to on_failure.
// 3. HEAD and OPTIONS are answered without routes of their own. What no route matches gets 404; a path that has routes,
//    but not for the method, 405 with Allow.
// 4. GET /openapi.json gives the document.
#pragma once

#include <lakh/http/route.hpp>
#include <lakh/http/router.hpp>
#include <lakh/http/serve_options.hpp>
#include <lakh/http/service.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/net/stream.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lakh {
class scope;
}

namespace lakh {
class signal_watch;
}

namespace lakh::http {

class server;

// One answer, for logs.
struct access_record {
  const request& in;
  int status;
  std::uint64_t content_size;
  duration took;  // from the arrival of the head until the answer was ready
};

class app final : private service {
 public:
  app(std::string title, std::string version);
  app(const app&) = delete;
  app& operator=(const app&) = delete;
  ~app();

  app& description(std::string text);

  // Throw input_error for a malformed pattern, one that is taken, and a handler whose http::path is not in it.
  template <class F> route& get(std::string_view pattern, F handler) {
    return on(wire::http_method::get, pattern, std::move(handler));
  }
  template <class F> route& post(std::string_view pattern, F handler) {
    return on(wire::http_method::post, pattern, std::move(handler));
  }
  template <class F> route& put(std::string_view pattern, F handler) {
    return on(wire::http_method::put, pattern, std::move(handler));
  }
  template <class F> route& patch(std::string_view pattern, F handler) {
    return on(wire::http_method::patch, pattern, std::move(handler));
  }
  template <class F> route& del(std::string_view pattern, F handler) {
    return on(wire::http_method::delete_, pattern, std::move(handler));
  }
  template <class F> route& on(wire::http_method method, std::string_view pattern, F function) {
    using type = detail::handler_for<F>;
    operation about;
    about.method = method;
    about.pattern = pattern;
    type::describe(about);
    return add(std::move(about), std::make_unique<type>(std::move(function)), type::takes_body);
  }

  // Called before each handler, in the order of registration, for requests that no route matches too: may add fields to
  // the answer (request::answer_header), or throw a problem. Either a function, or a coroutine.
  template <class F> app& before(F function) {
    if constexpr (std::is_same_v<std::invoke_result_t<F&, request&>, void>)
      before_.emplace_back([function = std::move(function)](request& in) mutable -> task<void> {
        function(in);
        return {};
      });
    else
      before_.emplace_back(std::move(function));
    return *this;
  }
  // Called after each answer.
  app& after(std::function<void(const access_record&)> function);
  // Called with what a handler threw, unless it was a problem. Until set, it is printed to stderr. Must not throw.
  app& on_failure(std::function<void(const request&, const std::exception_ptr&)> function);

  // The document. Complete once the last route is registered.
  [[nodiscard]] std::string openapi() const;

  // Serves on this loop until stop(), or a signal (serve_options). Throws input_error for a bad address, error with a
  // hint if it cannot be listened on.
  task<void> serve(std::string_view at, serve_options options = serve_options());
  task<void> serve(net::listener at, serve_options options = serve_options());
  // Serves on a free port of this machine while what `work` does with its URL, "http://127.0.0.1:PORT", goes on, and
  // ends with it: for tests and examples. Throws what it throws.
  task<void> serve_while(std::function<task<void>(std::string url)> work,
                         serve_options options = serve_options().stop_on_signals(false));
  // Serves one connection, until it ends.
  task<void> serve(std::unique_ptr<net::stream> connection, server_limits limits = server_limits());

  // Serves on so many threads with a loop each, 0 for one per core, all on one port; returns when all have ended. Of
  // what they and on_listening throw, the first ends all and is thrown here: error with a hint if another program
  // listens on that port, even if it would share it. Not called on a loop's thread.
  void serve_threads(std::string_view at, unsigned threads = 0, serve_options options = serve_options());

  // From any thread: no more connections and requests; what is in hand is finished, or cancelled when the grace is
  // over. For good: serving that begins later ends at once.
  void stop() noexcept;

 private:
  friend class server;

  route& add(operation about, std::unique_ptr<handler> run, bool takes_body);
  body_plan plan(request& in) const override;
  task<void> answer(request& in, response_writer& out) const override;
  void failed(const request& in, const std::exception_ptr& failure) const noexcept override;
  [[nodiscard]] bool watches() const noexcept override { return !after_.empty(); }
  void answered(const request& in, int status, std::uint64_t content_size, duration took) const noexcept override;

  task<void> answer_after(request& in, response_writer& out, task<void> waiting, std::size_t next) const;
  void answer_unmatched(const request& in, response_writer& out) const;
  task<void> run_handler(request& in, response_writer& out) const;
  task<void> serve_here(net::listener at, serve_options options, std::unique_ptr<signal_watch> signals);
  task<void> run_server(scope& around, server& one, net::listener& at, signal_watch* signals);
  task<void> stop_on_signal(signal_watch& signals);
  task<void> serve_thread(net::endpoint at, bool first, const serve_options& options,
                          std::function<void(const net::endpoint&)> bound);

  api_info info_;
  std::deque<route> routes_;  // stays where it is: routes are referred to
  router router_;
  std::vector<std::function<task<void>(request&)>> before_;
  std::vector<std::function<void(const access_record&)>> after_;
  std::function<void(const request&, const std::exception_ptr&)> on_failure_;

  mutable std::once_flag document_once_;
  mutable std::string document_;

  std::mutex servers_mutex_;
  std::vector<server*> servers_;  // guarded by servers_mutex_
  bool stopped_ = false;          // guarded by servers_mutex_
};

}  // namespace lakh::http

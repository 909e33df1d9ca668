// One listener on one loop: accepts connections, serves them, ends in order. Internal to the room: others see app.
#pragma once

#include <lakh/async/event.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/intrusive_list.hpp>
#include <lakh/http/response_writer.hpp>
#include <lakh/http/serve_options.hpp>
#include <lakh/http/server_connection.hpp>
#include <lakh/http/service.hpp>
#include <lakh/net/listener.hpp>

#include <cstddef>
#include <memory>

namespace lakh::http {

class server : public std::enable_shared_from_this<server> {
 public:
  // On the loop that is to serve. `service` outlives it.
  server(const service& service, const serve_options& options)
      : loop_(loop::current()), service_(service), limits_(options.limits()), grace_(options.grace()) {}

  // Until stop(); throws what accepting throws.
  task<void> run(net::listener at);

  // From any thread, while the loop lives.
  void stop();

 private:
  task<void> until_stopped(scope& connections, net::listener& at);
  task<void> accept(scope& connections, net::listener& at);
  task<void> accept_all(scope& connections, net::listener& at);
  task<void> serve(std::unique_ptr<net::stream> stream);
  task<void> all_gone();
  void drain() noexcept;

  loop& loop_;
  const service& service_;
  const server_limits limits_;
  const duration grace_;
  answer_cache cache_;
  intrusive_list<server_connection, server_connection> connections_;
  std::size_t count_ = 0;
  event left_;  // a connection has ended
  event stop_;
  cancel_scope* accepting_ = nullptr;
};

}  // namespace lakh::http

#include <lakh/async/asio.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/net/keep_alive.hpp>
#include <lakh/net/socket_stream.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <vector>

namespace lakh::net {
namespace asio = boost::asio;
namespace {

using generic_endpoint = asio::generic::stream_protocol::endpoint;

struct address {
  generic_endpoint where;
  std::string text;
};

std::string text_of(const asio::ip::tcp::endpoint& where) {
  return endpoint(where.address().to_string(), where.port()).text();
}

std::error_code resolver_error(const boost::system::error_code& error) {
  if (error == asio::error::host_not_found || error == asio::error::no_data) return errc::name_not_found;
  return errc::name_look_up_failed;
}

task<std::expected<std::vector<address>, std::error_code>> look_up(const endpoint& to) {
  std::vector<address> found;
  if (to.kind() == endpoint::family::unix_domain) {
    found.push_back({asio::local::stream_protocol::endpoint(to.path()), to.text()});
    co_return found;
  }
  // RFC 6761 §6.3: localhost is this machine, whatever the resolver thinks; not every machine has told it.
  if (to.host().empty() || to.host() == "localhost") {
    for (const asio::ip::address& loopback :
         {asio::ip::address(asio::ip::address_v4::loopback()), asio::ip::address(asio::ip::address_v6::loopback())}) {
      const asio::ip::tcp::endpoint where(loopback, to.port());
      found.push_back({where, text_of(where)});
    }
    co_return found;
  }
  const std::string& host = to.host();
  boost::system::error_code not_numeric;
  const asio::ip::address numeric = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    found.push_back({asio::ip::tcp::endpoint(numeric, to.port()), to.text()});
    co_return found;
  }
  asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type> resolver(loop::current().context());
  asio::ip::tcp::resolver::results_type results;
  try {
    results = co_await use(resolver.async_resolve(host, std::to_string(to.port()), asio::deferred));
  } catch (const cancelled&) {
    throw;
  } catch (const timeout_error&) {
    throw;
  } catch (const lakh::error& e) {
    co_return std::unexpected(
        resolver_error(boost::system::error_code(e.code().value(), asio::error::get_netdb_category())));
  }
  for (const auto& entry : results) found.push_back({entry.endpoint(), text_of(entry.endpoint())});
  if (found.empty()) co_return std::unexpected(errc::name_not_found);
  co_return found;
}

// TCP allows two ends that connect to each other at once; one socket can do so alone.
bool connected_to_itself(const generic_socket& socket) {
  boost::system::error_code error;
  const auto local = socket.local_endpoint(error);
  if (error) return false;
  const auto remote = socket.remote_endpoint(error);
  return !error && local.protocol().family() != AF_UNIX && local == remote;
}

task<connect_result> connect_one(const address& to, connect_options options) {
  generic_socket socket(loop::current().context());
  boost::system::error_code error;
  socket.open(to.where.protocol(), error);
  if (error) co_return std::unexpected(error);
  if (to.where.protocol().family() != AF_UNIX)
    if (const std::error_code refused = set_keep_alive(socket.native_handle(), options.ask_after))
      co_return std::unexpected(refused);
  try {
    co_await use(socket.async_connect(to.where, asio::deferred));
  } catch (const lakh::error& e) {
    if (e.kind() == error_kind::cancelled) throw;
    co_return std::unexpected(e.code());
  }
  if (connected_to_itself(socket)) co_return std::unexpected(std::error_code(ECONNREFUSED, std::system_category()));
  co_return std::make_unique<socket_stream>(std::move(socket), to.text);
}

}  // namespace

task<connect_result> try_connect(endpoint to, time_point deadline, connect_times* times, connect_options options) {
  loop& here = loop::current();
  const time_point start = here.now();
  std::expected<std::vector<address>, std::error_code> found;
  try {
    found = co_await with_deadline(deadline, look_up(to));
  } catch (const timeout_error&) {
    co_return std::unexpected(errc::timed_out);
  } catch (const cancelled& e) {
    co_return std::unexpected(e.code());
  }
  if (!found) co_return std::unexpected(found.error());
  if (times != nullptr) times->look_up = here.now() - start;

  std::error_code last = errc::cannot_connect;
  for (std::size_t i = 0; i < found->size(); ++i) {
    const time_point began = here.now();
    if (began >= deadline) co_return std::unexpected(errc::timed_out);
    const auto share = (deadline - began) / static_cast<long>(found->size() - i);
    connect_result result = std::unexpected(errc::timed_out);
    try {
      result = co_await with_deadline(began + share, connect_one((*found)[i], options));
    } catch (const timeout_error&) {
      result = std::unexpected(errc::timed_out);
    } catch (const cancelled& e) {
      co_return std::unexpected(e.code());
    }
    if (result) {
      if (times != nullptr) times->connect = here.now() - began;
      co_return result;
    }
    last = result.error();
  }
  co_return std::unexpected(last);
}

task<std::unique_ptr<stream>> connect(endpoint to, duration limit, connect_options options) {
  connect_result result = co_await try_connect(to, loop::current().now() + limit, nullptr, options);
  if (result) co_return std::move(*result);
  const std::error_code error = result.error();
  const std::string doing = "connect to " + to.text();
  if (kind_of(error) == error_kind::resolve)
    throw connect_error(error, doing + ": " + error.message(),
                        "is the host name spelled right, and does it resolve here?");
  if (kind_of(error) == error_kind::connect)
    throw connect_error(error, doing + ": " + error.message(),
                        "is the server running, and listening on this address and port?");
  throw_error(error, doing);
}

}  // namespace lakh::net

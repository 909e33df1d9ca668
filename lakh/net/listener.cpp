#include <lakh/async/asio.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/net/keep_alive.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/net/socket_stream.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace lakh::net {
namespace asio = boost::asio;
namespace {

using executor = asio::io_context::executor_type;
// Asio's generic protocol has no acceptor: this one adds what an acceptor needs.
class accepting_protocol : public asio::generic::stream_protocol {
 public:
  accepting_protocol(const asio::generic::stream_protocol& plain)  // NOLINT(google-explicit-constructor): Asio converts
      : asio::generic::stream_protocol(plain) {}
  using socket = generic_socket;
};
using generic_acceptor = asio::basic_socket_acceptor<accepting_protocol, executor>;

// True if a socket file is there on which nobody listens.
bool is_stale(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const bool refused = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
                       errno == ECONNREFUSED;  // NOLINT
  ::close(fd);
  return refused;
}

asio::generic::stream_protocol::endpoint address_of(const endpoint& at) {
  if (at.kind() == endpoint::family::unix_domain) return asio::local::stream_protocol::endpoint(at.path());
  if (at.host().empty()) return asio::ip::tcp::endpoint(asio::ip::tcp::v6(), at.port());
  boost::system::error_code error;
  asio::ip::address address = asio::ip::make_address(at.host(), error);
  if (error && at.host() == "localhost") {
    address = asio::ip::address_v4::loopback();
    error = {};
  }
  if (error)
    throw input_error("cannot listen on '" + at.host() + "': not an address of this machine",
                      "give a numeric address, such as 127.0.0.1, or nothing for all addresses");
  return asio::ip::tcp::endpoint(address, at.port());
}

const char* hint_for(const boost::system::error_code& error) {
  namespace condition = boost::system::errc;
  if (error == condition::permission_denied) return "ports below 1024 need root; choose another";
  if (error == condition::address_not_available) return "is that an address of this machine?";
  return "is another program using it? Choose another port, or 0 for any free one";
}

std::string peer_text(const generic_socket& socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error || remote.protocol().family() == AF_UNIX) return "unix:";
  asio::ip::tcp::endpoint tcp;
  if (remote.size() > tcp.capacity()) return "unknown";
  std::copy_n(static_cast<const char*>(static_cast<const void*>(remote.data())), remote.size(),
              static_cast<char*>(static_cast<void*>(tcp.data())));
  tcp.resize(remote.size());
  return endpoint(tcp.address().to_string(), tcp.port()).text();
}

}  // namespace

struct listener::state {
  state(loop& on, endpoint where) : acceptor(on.context()), at(std::move(where)) {}
  generic_acceptor acceptor;
  endpoint at;
  bool owns_file = false;
};

listener::listener(const endpoint& at, const listen_options& options)
    : state_(std::make_unique<state>(loop::current(), at)) {
  const auto address = address_of(at);
  const auto check = [&](const boost::system::error_code& error, const char* hint) {
    if (error) throw lakh::error(kind_of(error), error, "cannot listen on " + at.text() + ": " + error.message(), hint);
  };
  boost::system::error_code error;
  auto& acceptor = state_->acceptor;
  const int family = address.protocol().family();
  acceptor.open(address.protocol(), error);
  check(error, "");
  if (family == AF_UNIX) {
    if (is_stale(at.path())) ::unlink(at.path().c_str());
  } else {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
    check(error, "");
    if (family == AF_INET6) {
      acceptor.set_option(asio::ip::v6_only(false), error);
      check(error, "");
    }
  }
  const auto share = [&] {
    const int on = 1;
    if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
      check({errno, boost::system::system_category()}, "");
  };
  if (options.sharing == port_sharing::joined && family != AF_UNIX) share();
  // Connections inherit it.
  if (family != AF_UNIX) check(set_keep_alive(acceptor.native_handle(), options.ask_after), "");
  acceptor.bind(address, error);
  check(error, hint_for(error));
  state_->owns_file = family == AF_UNIX && !at.path().starts_with('\0');
  acceptor.listen(options.backlog, error);
  check(error, hint_for(error));
  // Only now: of two that open one port at the same time, the second's listen fails.
  if (options.sharing == port_sharing::opened && family != AF_UNIX) share();

  if (family != AF_UNIX && at.port() == 0) {
    const auto bound = acceptor.local_endpoint(error);
    check(error, "");
    // sin_port and sin6_port stand at the same place.
    const auto* raw = static_cast<const sockaddr_in*>(static_cast<const void*>(bound.data()));
    state_->at = endpoint(at.host(), ntohs(raw->sin_port));
  }
}

listener::listener(listener&&) noexcept = default;
listener& listener::operator=(listener&&) noexcept = default;
listener::~listener() {
  if (state_) close();
}

endpoint listener::local() const {
  return state_->at;
}

task<std::unique_ptr<stream>> listener::accept() {
  for (;;) {
    bool exhausted = false;
    try {
      generic_socket socket(loop::current().context());
      co_await use(state_->acceptor.async_accept(socket, asio::deferred));
      std::string peer = peer_text(socket);
      co_return std::make_unique<socket_stream>(std::move(socket), std::move(peer));
    } catch (const lakh::error& e) {
      const int number = e.code().value();
      if (e.kind() == error_kind::limit)
        exhausted = true;
      else if (number != ECONNABORTED && number != EPROTO)  // that connection is gone; the next is not
        throw;
    }
    if (exhausted) co_await sleep_for(std::chrono::milliseconds(50));
  }
}

void listener::close() noexcept {
  boost::system::error_code ignored;  // the descriptor is gone either way
  state_->acceptor.close(ignored);
  if (std::exchange(state_->owns_file, false)) ::unlink(state_->at.path().c_str());
}

void check_free(const endpoint& at) {
  if (at.kind() == endpoint::family::tcp && at.port() == 0) return;
  run([](endpoint where) -> task<void> {
    const listener alone(where);
    co_return;
  }(at));
}

}  // namespace lakh::net

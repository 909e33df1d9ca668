#include <lakh/core/error.hpp>

#include <cerrno>

namespace lakh {
namespace {

class category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "lakh"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::cancelled: return "cancelled";
      case errc::timed_out: return "timed out";
      case errc::end_of_stream: return "the peer closed the connection";
      case errc::connection_lost: return "the connection was lost";
      case errc::name_not_found: return "no such host name";
      case errc::name_look_up_failed: return "the name look-up failed";
      case errc::cannot_connect: return "cannot connect";
      case errc::tls_failure: return "TLS failed";
      case errc::protocol_violation: return "the peer broke the protocol";
      case errc::too_large: return "larger than the limit";
      case errc::status_refused: return "the answer's status says no";
      case errc::bad_input: return "bad input";
      case errc::storage_failure: return "storage failed";
      case errc::queue_closed: return "the queue is closed";
    }
    return "unknown condition";
  }
};

error_kind kind_of_errno(int value) noexcept {
  switch (value) {
    case 0: return error_kind::none;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case ENOENT:  // a Unix-domain socket that is not there
      return error_kind::connect;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ENOTCONN:
    case ESHUTDOWN: return error_kind::closed;
    case ETIMEDOUT: return error_kind::timeout;
    case ECANCELED: return error_kind::cancelled;
    case EINVAL: return error_kind::input;
    case ENOSPC:
    case EROFS:
    case EIO:
    case EDQUOT: return error_kind::storage;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return error_kind::limit;
    default: return error_kind::internal;
  }
}

}  // namespace

const std::error_category& lakh_category() noexcept {
  static const category instance;
  return instance;
}

std::string_view name(error_kind kind) noexcept {
  switch (kind) {
    case error_kind::none: return "none";
    case error_kind::resolve: return "resolve";
    case error_kind::connect: return "connect";
    case error_kind::timeout: return "timeout";
    case error_kind::tls: return "tls";
    case error_kind::closed: return "closed";
    case error_kind::protocol: return "protocol";
    case error_kind::status: return "status";
    case error_kind::cancelled: return "cancelled";
    case error_kind::input: return "input";
    case error_kind::storage: return "storage";
    case error_kind::limit: return "limit";
    case error_kind::internal: return "internal";
  }
  return "internal";
}

error_kind kind_of(const std::error_code& code) noexcept {
  if (!code) return error_kind::none;
  if (code.category() == lakh_category()) {
    switch (static_cast<errc>(code.value())) {
      case errc::cancelled: return error_kind::cancelled;
      case errc::timed_out: return error_kind::timeout;
      case errc::end_of_stream:
      case errc::connection_lost:
      case errc::queue_closed: return error_kind::closed;
      case errc::name_not_found:
      case errc::name_look_up_failed: return error_kind::resolve;
      case errc::cannot_connect: return error_kind::connect;
      case errc::tls_failure: return error_kind::tls;
      case errc::protocol_violation: return error_kind::protocol;
      case errc::too_large: return error_kind::limit;
      case errc::status_refused: return error_kind::status;
      case errc::bad_input: return error_kind::input;
      case errc::storage_failure: return error_kind::storage;
    }
    return error_kind::internal;
  }
  if (code.category() == std::system_category() || code.category() == std::generic_category())
    return kind_of_errno(code.value());
  return error_kind::internal;
}

connect_error::connect_error(std::error_code code, const std::string& what, std::string hint)
    : transport_error(kind_of(code) == error_kind::resolve ? error_kind::resolve : error_kind::connect, code, what,
                      std::move(hint)) {}

timeout_error::timeout_error(const std::string& what, std::string hint)
    : transport_error(error_kind::timeout, errc::timed_out, what, std::move(hint)) {}

tls_error::tls_error(const std::string& what, std::string hint)
    : transport_error(error_kind::tls, errc::tls_failure, what, std::move(hint)) {}

closed_error::closed_error(std::error_code code, const std::string& what, std::string hint)
    : transport_error(error_kind::closed, code, what, std::move(hint)) {}

protocol_error::protocol_error(const std::string& what, std::string hint)
    : error(error_kind::protocol, errc::protocol_violation, what, std::move(hint)) {}

status_error::status_error(int status, const std::string& what, std::string hint)
    : error(error_kind::status, errc::status_refused, what, std::move(hint)), status_(status) {}

cancelled::cancelled() : error(error_kind::cancelled, errc::cancelled, "cancelled") {}

namespace {

std::string place_text(const input_place& place) {
  std::string text = place.file;
  if (place.line != 0) {
    text += ':' + std::to_string(place.line);
    if (place.column != 0) text += ':' + std::to_string(place.column);
  }
  if (!text.empty()) text += ": ";
  return text;
}

}  // namespace

input_error::input_error(const std::string& what, std::string hint)
    : error(error_kind::input, errc::bad_input, what, std::move(hint)) {}

input_error::input_error(const input_place& place, const std::string& what, std::string hint)
    : error(error_kind::input, errc::bad_input, place_text(place) + what, std::move(hint)) {}

storage_error::storage_error(std::error_code code, const std::string& what, std::string hint)
    : error(error_kind::storage, code, what, std::move(hint)) {}

void throw_error(const std::error_code& code, std::string_view doing) {
  const error_kind kind = kind_of(code);
  if (kind == error_kind::cancelled) throw cancelled();
  std::string what(doing);
  what += ": " + code.message();
  switch (kind) {
    case error_kind::resolve:
    case error_kind::connect: throw connect_error(code, what);
    case error_kind::timeout: throw timeout_error(what);
    case error_kind::tls: throw tls_error(what);
    case error_kind::closed: throw closed_error(code, what);
    case error_kind::protocol: throw protocol_error(what);
    case error_kind::input: throw input_error(what);
    case error_kind::storage: throw storage_error(code, what);
    default: throw error(kind, code, what);
  }
}

}  // namespace lakh

#include <lakh/parallel/packed.hpp>
#include <lakh/parallel/remote_error.hpp>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <typeinfo>

#include <cxxabi.h>

namespace lakh {
namespace {

enum class thrown_class : std::uint8_t {
  error,
  transport,
  connect,
  timeout,
  tls,
  closed,
  protocol,
  status,
  cancelled,
  input,
  storage,
  other,
};
BOOST_DESCRIBE_ENUM(thrown_class, error, transport, connect, timeout, tls, closed, protocol, status, cancelled, input,
                    storage, other)

enum class code_category : std::uint8_t { none, lakh, system, generic };
BOOST_DESCRIBE_ENUM(code_category, none, lakh, system, generic)

struct packed_error {
  thrown_class thrown = thrown_class::other;
  error_kind kind = error_kind::internal;
  code_category category = code_category::none;
  std::int32_t code = 0;
  std::int32_t status = 0;
  std::string what;
  std::string hint;
  std::string type;
};
BOOST_DESCRIBE_STRUCT(packed_error, (), (thrown, kind, category, code, status, what, hint, type))

constexpr std::size_t longest_text = 64 * 1024;

std::string bounded(std::string_view text) {
  return std::string(text.substr(0, longest_text));
}

std::string readable(const char* name) {
  int failed = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &failed),
                                                         &std::free);
  return failed == 0 ? bounded(text.get()) : bounded(name);
}

template <class T> bool is(const error& e) {
  return dynamic_cast<const T*>(&e) != nullptr;
}

thrown_class class_of(const error& e) {
  if (is<connect_error>(e)) return thrown_class::connect;
  if (is<timeout_error>(e)) return thrown_class::timeout;
  if (is<tls_error>(e)) return thrown_class::tls;
  if (is<closed_error>(e)) return thrown_class::closed;
  if (is<transport_error>(e)) return thrown_class::transport;
  if (is<protocol_error>(e)) return thrown_class::protocol;
  if (is<status_error>(e)) return thrown_class::status;
  if (is<cancelled>(e)) return thrown_class::cancelled;
  if (is<input_error>(e)) return thrown_class::input;
  if (is<storage_error>(e)) return thrown_class::storage;
  if (is<remote_error>(e)) return thrown_class::other;
  return thrown_class::error;
}

code_category category_of(const std::error_code& code) {
  if (!code) return code_category::none;
  if (code.category() == lakh_category()) return code_category::lakh;
  if (code.category() == std::system_category()) return code_category::system;
  return code.category() == std::generic_category() ? code_category::generic : code_category::none;
}

std::error_code code_of(const packed_error& e) {
  switch (e.category) {
    case code_category::none: return {};
    case code_category::lakh: return {e.code, lakh_category()};
    case code_category::system: return {e.code, std::system_category()};
    case code_category::generic: return {e.code, std::generic_category()};
  }
  return {};
}

packed_error describe_current() {
  packed_error told;
  try {
    throw;
  } catch (const error& e) {
    told.thrown = class_of(e);
    told.kind = e.kind();
    told.category = category_of(e.code());
    told.code = e.code().value();
    if (const auto* said = dynamic_cast<const status_error*>(&e)) told.status = said->status();
    if (const auto* from_afar = dynamic_cast<const remote_error*>(&e)) told.type = from_afar->type();
    told.what = bounded(e.what());
    told.hint = bounded(e.hint());
  } catch (const std::exception& e) {
    told.what = bounded(e.what());
    told.type = readable(typeid(e).name());
  } catch (...) {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    told.type = type != nullptr ? readable(type->name()) : "unknown";
    told.what = "something that is no std::exception was thrown: " + told.type;
  }
  return told;
}

}  // namespace

remote_error::remote_error(std::string type, const std::string& what)
    : error(error_kind::internal, {}, what), type_(std::move(type)) {}

namespace {

std::string how_it_ended(const std::optional<exit_status>& status) {
  if (!status) return "is gone";
  if (status->signal() != 0) return "was ended by signal " + std::to_string(status->signal());
  return "ended with exit code " + std::to_string(status->code());
}

}  // namespace

worker_died::worker_died(const std::string& worker, const std::string& work, std::optional<exit_status> status)
    : error(error_kind::closed, errc::connection_lost, worker + ' ' + how_it_ended(status) + " with " + work,
            "work that may be done twice can be handed out again: retry_on_death(n)"),
      status_(status) {}

void detail::pack_current_exception(std::string& out) {
  pack_into(out, describe_current());
}

std::exception_ptr detail::unpack_exception(unpacker& in) {
  const auto e = in.next<packed_error>();
  if (e.kind > error_kind::internal) unpacker::refuse("an error of no known kind");
  switch (e.thrown) {
    case thrown_class::error: return std::make_exception_ptr(error(e.kind, code_of(e), e.what, e.hint));
    case thrown_class::transport: return std::make_exception_ptr(transport_error(e.kind, code_of(e), e.what, e.hint));
    case thrown_class::connect: return std::make_exception_ptr(connect_error(code_of(e), e.what, e.hint));
    case thrown_class::timeout: return std::make_exception_ptr(timeout_error(e.what, e.hint));
    case thrown_class::tls: return std::make_exception_ptr(tls_error(e.what, e.hint));
    case thrown_class::closed: return std::make_exception_ptr(closed_error(code_of(e), e.what, e.hint));
    case thrown_class::protocol: return std::make_exception_ptr(protocol_error(e.what, e.hint));
    case thrown_class::status: return std::make_exception_ptr(status_error(e.status, e.what, e.hint));
    case thrown_class::cancelled: return std::make_exception_ptr(cancelled());
    case thrown_class::input: return std::make_exception_ptr(input_error(e.what, e.hint));
    case thrown_class::storage: return std::make_exception_ptr(storage_error(code_of(e), e.what, e.hint));
    case thrown_class::other: return std::make_exception_ptr(remote_error(e.type, e.what));
  }
  return std::make_exception_ptr(remote_error(e.type, e.what));
}

}  // namespace lakh

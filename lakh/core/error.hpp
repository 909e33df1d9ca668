// The one tree of errors.
//
//   error
//   ├── transport_error        the bytes could not travel: the kind says where it broke
//   │   ├── connect_error        no connection was made, so nothing was sent
//   │   ├── timeout_error        a deadline passed
//   │   ├── tls_error            the peer could not be trusted, or broke TLS
//   │   └── closed_error         the peer went away
//   ├── protocol_error         bytes came that the protocol forbids
//   ├── status_error           a well-formed answer that says no
//   ├── cancelled              a scope above stopped this work; not a failure
//   ├── input_error            the user's words, plan or file are wrong: says where
//   └── storage_error          a file or database could not be read or written
//
// Each carries a std::error_code, a kind that can be counted, and a hint: what a person can do about it (may be empty).
// Awaitables throw these. A function whose name starts with `try_` returns std::error_code (or std::expected with it)
// instead.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace lakh {

// What went wrong, coarse enough to count and to print in a table.
enum class error_kind : std::uint8_t {
  none,
  resolve,    // a name has no address
  connect,    // refused, unreachable
  timeout,    // a deadline passed
  tls,        // handshake or certificate
  closed,     // the peer closed or reset an established connection
  protocol,   // the peer broke the protocol
  status,     // the peer answered, and said no
  cancelled,  // our own side stopped it
  input,      // what the user gave is wrong
  storage,    // file or database
  limit,      // a bound of our own was reached (size, count)
  internal,   // anything else
};

inline constexpr std::size_t error_kind_count = static_cast<std::size_t>(error_kind::internal) + 1;

// The kind's name in lower case, as it stands in reports: "connect", "timeout", ...
std::string_view name(error_kind kind) noexcept;

// Conditions of our own, for error codes that no system call produced.
enum class errc : int {
  cancelled = 1,
  timed_out,
  end_of_stream,    // the peer closed in an orderly way where more was expected
  connection_lost,  // reset, broken pipe
  name_not_found,
  name_look_up_failed,  // the resolver itself is in trouble: worth another try
  cannot_connect,
  tls_failure,
  protocol_violation,
  too_large,
  status_refused,
  bad_input,
  storage_failure,
  queue_closed,
};

const std::error_category& lakh_category() noexcept;
inline std::error_code make_error_code(errc value) noexcept {
  return {static_cast<int>(value), lakh_category()};
}

// Classifies any error code: our own conditions, errno values, and Asio's.
error_kind kind_of(const std::error_code& code) noexcept;

class error : public std::runtime_error {
 public:
  error(error_kind kind, std::error_code code, const std::string& what, std::string hint = {})
      : std::runtime_error(what), code_(code), hint_(std::move(hint)), kind_(kind) {}

  [[nodiscard]] std::error_code code() const noexcept { return code_; }
  [[nodiscard]] error_kind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  std::error_code code_;
  std::string hint_;
  error_kind kind_;
};

class transport_error : public error {
 public:
  using error::error;
};

class connect_error : public transport_error {
 public:
  connect_error(std::error_code code, const std::string& what, std::string hint = {});
};

class timeout_error : public transport_error {
 public:
  explicit timeout_error(const std::string& what, std::string hint = {});
};

class tls_error : public transport_error {
 public:
  explicit tls_error(const std::string& what, std::string hint = {});
};

class closed_error : public transport_error {
 public:
  explicit closed_error(std::error_code code, const std::string& what, std::string hint = {});
};

class protocol_error : public error {
 public:
  explicit protocol_error(const std::string& what, std::string hint = {});
};

class status_error : public error {
 public:
  status_error(int status, const std::string& what, std::string hint = {});
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};

class cancelled : public error {
 public:
  cancelled();
};

// Where in the user's input something is wrong. Line and column count from 1; 0 means that it is not known.
struct input_place {
  input_place() = default;
  explicit input_place(std::string file_name, std::size_t line_number = 0, std::size_t column_number = 0)
      : file(std::move(file_name)), line(line_number), column(column_number) {}
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
};

// what() reads "orders.yaml:12:3: message".
class input_error : public error {
 public:
  explicit input_error(const std::string& what, std::string hint = {});
  input_error(const input_place& place, const std::string& what, std::string hint = {});
};

class storage_error : public error {
 public:
  storage_error(std::error_code code, const std::string& what, std::string hint = {});
};

// Throws the class of the tree that fits the code; `doing` names what was tried ("read from 127.0.0.1:80").
[[noreturn]] void throw_error(const std::error_code& code, std::string_view doing);

}  // namespace lakh

template <> struct std::is_error_code_enum<lakh::errc> : std::true_type {};

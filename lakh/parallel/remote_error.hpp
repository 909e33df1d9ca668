// What goes wrong in another process, as an exception in this one.
//
// An exception of lakh's own tree (core/error.hpp) arrives as the class that it was, with its code, kind, text and
// hint. Any other arrives as a remote_error with its text and the name of its class. A class derived from one of the
// tree arrives as that one; an error code of a category that is neither lakh's nor the system's is lost, its text
// stays.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/parallel/process.hpp>

#include <exception>
#include <optional>
#include <string>

namespace lakh {

class unpacker;

class remote_error : public error {
 public:
  // `type` is the name of the class that was thrown: "std::out_of_range".
  remote_error(std::string type, const std::string& what);
  [[nodiscard]] const std::string& type() const noexcept { return type_; }

 private:
  std::string type_;
};

// The worker that had the work is gone: killed, crashed, ended by exit, or no longer reachable.
class worker_died : public error {
 public:
  // `work` says what it had in hand.
  worker_died(const std::string& worker, const std::string& work, std::optional<exit_status> status);
  // Nothing for a worker on another machine.
  [[nodiscard]] std::optional<exit_status> status() const noexcept { return status_; }

 private:
  std::optional<exit_status> status_;
};

namespace detail {

// Of the exception that is being handled.
void pack_current_exception(std::string& out);
std::exception_ptr unpack_exception(unpacker& in);

}  // namespace detail
}  // namespace lakh

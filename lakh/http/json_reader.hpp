// Reads values out of JSON text in one pass, without a tree: what http::body<T> is filled by. Strict RFC 8259.
//
// Two kinds of fault are kept apart. Text that is not JSON (or is nested deeper than json_depth_limit) ends the
// reading: `failed()`. A value of the wrong kind is noted with its place, and the reading goes on, so that a client
// learns of all its mistakes at once.
#pragma once

#include <lakh/core/json_text.hpp>
#include <lakh/http/decoding.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lakh::http {

enum class json_kind : std::uint8_t { null, boolean, number, string, array, object, none };

class json_reader;

// How to read one member of an object whose type is not known here.
struct member_reader {
  std::string_view name;
  void (*read)(json_reader& in, void* object, const value_place& at);
  std::string (*expected)();
  bool required = true;
};

class json_reader {
 public:
  // `text` must be UTF-8 (see read_json, which checks).
  json_reader(std::string_view text, field_errors& errors) noexcept : cursor_(text), errors_(errors) {}

  // Of the next value, by its first byte; `none` where no value begins.
  json_kind next() noexcept;
  // Steps over the next value and gives its text; empty once the text has failed.
  std::string_view value() noexcept;
  // The next value, a string, with its escapes resolved.
  bool string(std::string& out);

  // Steps over the next value, which is not what was expected, and notes that.
  void refuse(const value_place& at, std::string expected);
  // Notes a fault of a value already stepped over; `raw` is its text.
  void note(const value_place& at, std::string expected, std::string_view raw);

  // The members of an object, each by its reader. Notes what is missing, given twice and, unless told otherwise,
  // unknown.
  void object(void* into, std::span<const member_reader> members, bool allow_unknown, const value_place& at);
  // The elements of an array: `read(context, in, index)` must step over one value. Ends early when the text fails.
  void array(void* context, void (*read)(void* context, json_reader& in, std::size_t index));

  // Nothing but white space may follow.
  void end() noexcept;

  [[nodiscard]] bool failed() const noexcept { return status_ != json_status::ok; }
  [[nodiscard]] json_status status() const noexcept { return status_; }
  // Where the text failed.
  [[nodiscard]] std::size_t offset() const noexcept { return cursor_.offset(); }

 private:
  void fail(json_status status) noexcept {
    if (status_ == json_status::ok) status_ = status;
  }
  bool enter() noexcept;

  json_cursor cursor_;
  field_errors& errors_;
  unsigned depth_ = 0;
  json_status status_ = json_status::ok;
};

}  // namespace lakh::http

// JSON read where it lies, without a tree: for bodies that come by the thousand and are asked for one value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lakh {

inline constexpr unsigned json_depth_limit = 64;

enum class json_status : std::uint8_t { ok, malformed, too_deep };

// A cursor over JSON text. Strict RFC 8259 in all it walks over, but for UTF-8, which is the caller's to check.
// No allocation, no recursion, nothing thrown.
class json_cursor {
 public:
  explicit json_cursor(std::string_view text) noexcept : text_(text) {}

  void skip_space() noexcept;
  [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
  [[nodiscard]] char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  // Steps over `c` if it is next.
  bool take(char c) noexcept {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Steps over one value and gives its text. A cursor that failed stays where the fault is.
  json_status value(std::string_view& raw) noexcept;
  // Steps over a string and gives what stands between the quotation marks, escapes and all.
  json_status string(std::string_view& inside) noexcept;

 private:
  json_status scalar() noexcept;
  std::string_view text_;
  std::size_t at_ = 0;
};

// True where the whole text is one JSON value with nothing but white space around it.
json_status check_json(std::string_view text, std::size_t* fault = nullptr) noexcept;

// True where the inside of a JSON string, once unescaped, is `text`. No allocation.
bool json_string_equals(std::string_view inside, std::string_view text) noexcept;

// A raw value as plain text: a string without quotation marks and escapes, all else as it stands. False where a string
// holds what no text can (a lone surrogate).
bool append_json_text(std::string& out, std::string_view raw);

}  // namespace lakh

// Text for a person's eyes: colours, columns, numbers, and what strangers sent made harmless.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <string>
#include <string_view>

namespace lakh::cli {

// Colours by ECMA-48, or nothing at all.
class paint {
 public:
  explicit paint(bool on) noexcept : on_(on) {}
  [[nodiscard]] std::string bold(std::string_view text) const { return in("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return in("2", text); }
  [[nodiscard]] std::string red(std::string_view text) const { return in("31", text); }
  [[nodiscard]] std::string green(std::string_view text) const { return in("32", text); }
  [[nodiscard]] std::string yellow(std::string_view text) const { return in("33", text); }
  [[nodiscard]] std::string blue(std::string_view text) const { return in("34", text); }
  [[nodiscard]] std::string cyan(std::string_view text) const { return in("36", text); }
  [[nodiscard]] bool on() const noexcept { return on_; }

 private:
  [[nodiscard]] std::string in(std::string_view code, std::string_view text) const;
  bool on_;
};

// Control characters and what is not UTF-8 as \xNN: an answer must not steer the terminal. Line breaks and tabs stay
// where `lines` says so.
std::string printable(std::string_view text, bool lines = false);

// Columns that UTF-8 text takes on a terminal, East Asian wide characters take two, colours none.
std::size_t display_width(std::string_view text) noexcept;
// Plain text at most `columns` wide, with "…" where something was cut off.
std::string fit(std::string_view text, std::size_t columns);
std::string pad_left(std::string_view text, std::size_t columns);
std::string pad_right(std::string_view text, std::size_t columns);
// Breaks at spaces into lines of at most `columns`, each behind `indent` spaces. Ends with a line break.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

// Three digits: "0 µs", "812 µs", "1.82 ms", "12.4 s", "3m05s", "2h07m", "3d04h".
std::string short_duration(std::chrono::nanoseconds value);
// "812", "12,345" (whole from ten on), "3.2", "0.41".
std::string short_number(double value);
// "812 B", "14.2 KiB".
std::string short_size(std::uint64_t bytes);

// "error: what happened" and "  hint: what to do"; a mistake in a template with its line and a caret.
void print_error(std::ostream& to, const std::exception& failure, paint colours);

}  // namespace lakh::cli

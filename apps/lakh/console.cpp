#include "console.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/template.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <utility>

namespace lakh::cli {
namespace {

std::uint32_t decode(std::string_view text, std::size_t at, std::size_t length) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  if (length == 1) return byte(0);
  std::uint32_t point = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length && at + i < text.size(); ++i) point = point << 6U | (byte(i) & 0x3fU);
  return point;
}

// Unicode's East Asian Width W and F, as ranges that cover the scripts in use, and emoji.
bool is_wide(std::uint32_t point) noexcept {
  static constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 13> ranges{{{0x1100, 0x115f},
                                                                                   {0x2e80, 0x303e},
                                                                                   {0x3041, 0x33ff},
                                                                                   {0x3400, 0x4dbf},
                                                                                   {0x4e00, 0x9fff},
                                                                                   {0xa000, 0xa4cf},
                                                                                   {0xac00, 0xd7a3},
                                                                                   {0xf900, 0xfaff},
                                                                                   {0xfe30, 0xfe6f},
                                                                                   {0xff00, 0xff60},
                                                                                   {0xffe0, 0xffe6},
                                                                                   {0x1f300, 0x1faff},
                                                                                   {0x20000, 0x3fffd}}};
  return std::ranges::any_of(ranges, [&](const auto& range) { return point >= range.first && point <= range.second; });
}
bool is_combining(std::uint32_t point) noexcept {
  return (point >= 0x300 && point <= 0x36f) || point == 0x200d || (point >= 0xfe00 && point <= 0xfe0f);
}
std::size_t columns_of(std::uint32_t point) noexcept {
  if (is_combining(point)) return 0;
  return is_wide(point) ? 2 : 1;
}

void print_template(std::ostream& to, const load::template_error& failure, const paint& colours) {
  const std::string& text = failure.text();
  const std::size_t offset = std::min(failure.offset(), text.size());
  const std::size_t found = text.rfind('\n', offset == 0 ? 0 : offset - 1);
  std::size_t begin = found == std::string::npos || found >= offset ? 0 : found + 1;
  std::size_t end = std::min(text.find('\n', offset), text.size());
  // A long template is shown around the mistake.
  constexpr std::size_t most = 100;
  const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U; };
  bool cut = false;
  if (offset - begin > most / 2) {
    begin = offset - most / 2;
    while (begin < offset && inside(begin)) ++begin;
    cut = true;
  }
  if (end - begin > most) {
    end = begin + most;
    while (end > begin && end < text.size() && inside(end)) --end;
  }
  const std::string before = printable(text.substr(begin, offset - begin));
  const std::string wrong = text.substr(offset, std::min(failure.length(), end - std::min(end, offset)));
  const std::string_view lead = cut ? "…" : "";
  to << "  | " << lead << printable(text.substr(begin, end - begin)) << '\n';
  to << "  | " << std::string((cut ? 1 : 0) + display_width(before), ' ')
     << colours.red(std::string(std::max<std::size_t>(1, display_width(printable(wrong))), '^')) << '\n';
}

}  // namespace

std::string paint::in(std::string_view code, std::string_view text) const {
  if (!on_ || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string printable(std::string_view text, bool lines) {
  std::string out;
  out.reserve(text.size());
  std::size_t bad = find_bad_utf8(text);
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (i == bad) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
      ++i;
      bad = find_bad_utf8(text.substr(i));
      if (bad != std::string_view::npos) bad += i;
      continue;
    }
    const std::size_t length = utf8_length(byte);
    const bool stays = lines && (byte == '\n' || byte == '\t');
    const bool c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[i + 1]));
    } else if ((byte < 0x20 && !stays) || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += text.substr(i, length);
    }
    i += length;
  }
  return out;
}

std::size_t display_width(std::string_view text) noexcept {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("\x1b[")) {  // a colour takes no room
      i = std::min(text.find('m', i), text.size() - 1) + 1;
      continue;
    }
    const std::size_t length = utf8_length(static_cast<unsigned char>(text[i]));
    width += columns_of(decode(text, i, length));
    i += length;
  }
  return width;
}

std::string fit(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t width = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = utf8_length(static_cast<unsigned char>(text[i]));
    const std::size_t wide = columns_of(decode(text, i, length));
    if (width + wide > columns - 1) break;
    width += wide;
    i += length;
  }
  return std::string(text.substr(0, i)) + "…";
}

std::string pad_left(std::string_view text, std::size_t columns) {
  const std::size_t width = display_width(text);
  return std::string(columns > width ? columns - width : 0, ' ') + std::string(text);
}

std::string pad_right(std::string_view text, std::size_t columns) {
  const std::size_t width = display_width(text);
  return std::string(text) + std::string(columns > width ? columns - width : 0, ' ');
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string out;
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find(' ', i), text.size());
    const std::string_view word = text.substr(i, end - i);
    const std::size_t wide = display_width(word);
    if (width != 0 && indent + width + 1 + wide > columns) {
      out += '\n';
      width = 0;
    }
    if (width == 0) {
      out.append(indent, ' ');
    } else {
      out += ' ';
      ++width;
    }
    out += word;
    width += wide;
    i = end + 1;
  }
  return out + '\n';
}

std::string short_duration(std::chrono::nanoseconds value) {
  const double nanoseconds = std::max(0.0, static_cast<double>(value.count()));
  const auto three = [](double number, std::string_view unit) {
    if (number < 9.995) return fmt::format("{:.2f} {}", number, unit);
    if (number < 99.95) return fmt::format("{:.1f} {}", number, unit);
    return fmt::format("{:.0f} {}", number, unit);
  };
  if (nanoseconds < 999.5e3) return fmt::format("{:.0f} µs", nanoseconds / 1e3);
  if (nanoseconds < 999.5e6) return three(nanoseconds / 1e6, "ms");
  if (nanoseconds < 99.95e9) return three(nanoseconds / 1e9, "s");
  const auto seconds = static_cast<std::uint64_t>(std::llround(nanoseconds / 1e9));
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

std::string short_number(double value) {
  if (!(value > 0)) return "0";
  if (value < 0.995) return fmt::format("{:.2f}", value);
  if (value < 9.95) return fmt::format("{:.1f}", value);
  return load::grouped(static_cast<std::uint64_t>(std::llround(std::min(value, 1e18))));
}

std::string short_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::string_view unit;
  for (const std::string_view one : {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}) {
    value /= 1024;
    unit = one;
    if (value < 999.5) break;
  }
  return value < 99.95 ? fmt::format("{:.1f} {}", value, unit) : fmt::format("{:.0f} {}", value, unit);
}

void print_error(std::ostream& to, const std::exception& failure, paint colours) {
  to << colours.red("error:") << ' ' << printable(failure.what(), true) << '\n';
  if (const auto* in_template = dynamic_cast<const load::template_error*>(&failure); in_template != nullptr)
    print_template(to, *in_template, colours);
  if (const auto* ours = dynamic_cast<const error*>(&failure); ours != nullptr && !ours->hint().empty())
    to << colours.cyan("  hint:") << ' ' << printable(ours->hint(), true) << '\n';
}

}  // namespace lakh::cli

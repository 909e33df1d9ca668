#include <lakh/core/text.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lakh::load {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// U+202A … U+202E, U+2066 … U+2069, U+200E, U+200F, U+061C: they turn what stands around them; U+2028 and U+2029 break
// lines.
bool steers(std::string_view character) noexcept {
  if (character.size() == 2) return character == "\xD8\x9C" || (character[0] == '\xC2' && character[1] < '\xA0');
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto last = static_cast<unsigned char>(character[2]);
  if (character[1] == '\x80') return last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE);
  return character[1] == '\x81' && last >= 0xA6 && last <= 0xA9;
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '"': out += "&quot;"; return;
    case '\'': out += "&#39;"; return;
    case '\t':
    case '\r':
    case '\n': out += ' '; return;
    default: break;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
    out += replacement;
  else
    out += c;
}

// So many digits after the point that there are three in all.
std::string three_digits(double value) {
  const int behind = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, behind);
}

}  // namespace

void append_html(std::string& out, std::string_view text) {
  std::size_t at = 0;
  std::size_t bad = find_bad_utf8(text);
  while (at < text.size()) {
    if (bad != std::string_view::npos && at >= bad) {
      out += replacement;
      ++at;
      const std::size_t next = find_bad_utf8(text.substr(at));
      bad = next == std::string_view::npos ? next : at + next;
      continue;
    }
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      append_ascii(out, text[at++]);
      continue;
    }
    const std::string_view character = text.substr(at, utf8_length(first));
    out += steers(character) ? replacement : character;
    at += character.size();
  }
}

std::string html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  append_html(out, text);
  return out;
}

std::string duration_text(double microseconds) {
  const double us = std::max(0.0, microseconds);
  if (us < 999.5) return fmt::format("{:.0f} µs", us);
  if (us < 999.5e3) return three_digits(us / 1e3) + " ms";
  if (us < 59.95e6) return three_digits(us / 1e6) + " s";
  const auto seconds = static_cast<std::uint64_t>(std::llround(us / 1e6));
  if (seconds < 3600) return fmt::format("{} m {:02} s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{} h {:02} m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {:02} h", seconds / 86400, seconds / 3600 % 24);
}

std::string number_text(double value) {
  if (value >= 99.95) return grouped(static_cast<std::uint64_t>(std::llround(std::min(value, 9e18))));
  if (value == 0) return "0";
  return value < 0.01 ? fmt::format("{:.2g}", value) : three_digits(value);
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0 || part == 0) return "0 %";
  if (part >= whole) return "100 %";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  for (int digits = 1; digits < 8; ++digits) {
    const std::string text = fmt::format("{:.{}f}", share, digits);
    const double shown = std::stod(text);
    if (shown >= 100 || shown <= 0) continue;  // one digit more, until it is not wrong
    return text + " %";
  }
  return share < 50 ? "under 0.0000001 %" : "over 99.9999999 %";
}

}  // namespace lakh::load

#include <lakh/core/text.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <vector>

namespace lakh {
namespace {

// "000102…99"
constexpr auto two_digits = [] {
  std::array<char, 200> table{};
  for (std::size_t i = 0; i < 100; ++i) {
    table[2 * i] = static_cast<char>('0' + i / 10);
    table[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return table;
}();
constexpr auto powers_of_ten = [] {
  std::array<std::uint64_t, 20> table{};
  std::uint64_t power = 1;
  for (std::uint64_t& each : table) {
    each = power;
    power *= 10;  // the last one overflows, and is not used
  }
  return table;
}();

constexpr char hex_digits[] = "0123456789abcdef";
constexpr char upper_hex_digits[] = "0123456789ABCDEF";

constexpr std::uint64_t ones = 0x0101010101010101ULL;
constexpr std::uint64_t highs = 0x8080808080808080ULL;

std::uint64_t load8(const char* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

// Has some byte of the word that value? Exact for "any"; only the lowest marked byte is exact for "where".
constexpr std::uint64_t bytes_equal(std::uint64_t word, unsigned char value) noexcept {
  const std::uint64_t x = word ^ (ones * value);
  return (x - ones) & ~x & highs;
}
constexpr std::uint64_t bytes_below(std::uint64_t word, unsigned char value) noexcept {
  return (word - ones * value) & ~word & highs;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hexadecimal digits at `at`, or -1.
int hex4(std::string_view text, std::size_t at) noexcept {
  if (at > text.size() || text.size() - at < 4) return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_value(text[at + i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

constexpr bool is_alphanumeric(unsigned char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

constexpr auto unreserved = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 256; ++c)
    table[c] = is_alphanumeric(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' || c == '~';
  return table;
}();

void append_percent(std::string& out, unsigned char c) {
  const char escape[3] = {'%', upper_hex_digits[c >> 4], upper_hex_digits[c & 15]};
  out.append(escape, 3);
}

// Edits (insert, delete, replace, swap neighbours) from one word to the other; case counts for nothing.
std::size_t edits(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::size_t find_bad_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const std::size_t size = text.size();
  std::size_t at = 0;
  while (at < size) {
    if (at + 8 <= size && (load8(text.data() + at) & highs) == 0) {
      at += 8;
      continue;
    }
    const unsigned char first = byte(at);
    if (first < 0x80) {
      ++at;
      continue;
    }
    // The second byte's range is narrower after E0, ED, F0 and F4 (RFC 3629 §4).
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    std::size_t length = 0;
    if (first >= 0xc2 && first <= 0xdf) {
      length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
      length = 3;
      if (first == 0xe0) low = 0xa0;
      if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      length = 4;
      if (first == 0xf0) low = 0x90;
      if (first == 0xf4) high = 0x8f;
    } else {
      return at;
    }
    if (size - at < length || byte(at + 1) < low || byte(at + 1) > high) return at;
    for (std::size_t i = 2; i < length; ++i)
      if ((byte(at + i) & 0xc0) != 0x80) return at;
    at += length;
  }
  return std::string_view::npos;
}

text_position position_of(std::string_view text, std::size_t offset) noexcept {
  text_position position;
  offset = std::min(offset, text.size());
  for (std::size_t i = 0; i < offset; ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

std::size_t utf8_length(unsigned char first) noexcept {
  if (first >= 0xf0 && first <= 0xf4) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xc2 && first < 0xe0) return 2;
  return 1;
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto put = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3f));
    put(0x80 | ((code_point >> 6) & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
}

std::size_t find_json_special(std::string_view text, std::size_t at) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + 8 <= text.size(); at += 8) {
      const std::uint64_t word = load8(text.data() + at);
      const std::uint64_t hit = bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, 0x20);
      if (hit != 0) return at + static_cast<std::size_t>(std::countr_zero(hit)) / 8;
    }
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') return at;
  }
  return text.size();
}

char* put_json_escaped(char* at, std::string_view text) noexcept {
  std::size_t done = 0;
  for (;;) {
    const std::size_t special = find_json_special(text, done);
    if (special != done) std::memcpy(at, text.data() + done, special - done);
    at += special - done;
    if (special == text.size()) return at;
    const auto c = static_cast<unsigned char>(text[special]);
    *at++ = '\\';
    switch (c) {
      case '"':
      case '\\': *at++ = static_cast<char>(c); break;
      case '\n': *at++ = 'n'; break;
      case '\r': *at++ = 'r'; break;
      case '\t': *at++ = 't'; break;
      default: {
        const char escape[5] = {'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};
        std::memcpy(at, escape, 5);
        at += 5;
      }
    }
    done = special + 1;
  }
}

void append_json_escaped(std::string& out, std::string_view text) {
  if (find_json_special(text, 0) == text.size()) {
    out.append(text);
    return;
  }
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + most_json_escaped(text.size()), [&](char* data, std::size_t) noexcept {
    return static_cast<std::size_t>(put_json_escaped(data + before, text) - data);
  });
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

bool append_json_unescaped(std::string& out, std::string_view inside) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t special = find_json_special(inside, at);
    out.append(inside.data() + at, special - at);
    if (special == inside.size()) return true;
    if (inside[special] != '\\' || special + 1 == inside.size()) return false;
    at = special + 2;
    switch (inside[special + 1]) {
      case '"': out += '"'; break;
      case '\\': out += '\\'; break;
      case '/': out += '/'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': {
        const int unit = hex4(inside, at);
        if (unit < 0) return false;
        at += 4;
        auto code_point = static_cast<std::uint32_t>(unit);
        if (unit >= 0xdc00 && unit <= 0xdfff) return false;
        if (unit >= 0xd800 && unit <= 0xdbff) {
          if (inside.size() - at < 6 || inside[at] != '\\' || inside[at + 1] != 'u') return false;
          const int low = hex4(inside, at + 2);
          if (low < 0xdc00 || low > 0xdfff) return false;
          at += 6;
          code_point = 0x10000 + ((code_point - 0xd800) << 10) + (static_cast<std::uint32_t>(low) - 0xdc00);
        }
        append_utf8(out, code_point);
        break;
      }
      default: return false;
    }
  }
}

void append_percent_encoded(std::string& out, std::string_view text, std::string_view also_kept) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (unreserved[c] || (!also_kept.empty() && also_kept.find(text[i]) != std::string_view::npos)) continue;
    out.append(text.data() + run, i - run);
    append_percent(out, c);
    run = i + 1;
  }
  out.append(text.data() + run, text.size() - run);
}

void append_form_encoded(std::string& out, std::string_view text) {
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    if (c == ' ') {
      out += '+';
    } else if (is_alphanumeric(c) || c == '*' || c == '-' || c == '.' || c == '_') {
      out += ch;
    } else {
      append_percent(out, c);
    }
  }
}

void append_base64(std::string& out, std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte = [&](std::size_t at) { return std::uint32_t{static_cast<unsigned char>(bytes[at])}; };
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    const std::uint32_t three = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    const char four[4] = {digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63], digits[three & 63]};
    out.append(four, 4);
  }
  if (bytes.size() - at == 1) {
    const char four[4] = {digits[byte(at) >> 2], digits[byte(at) << 4 & 63], '=', '='};
    out.append(four, 4);
  } else if (bytes.size() - at == 2) {
    const std::uint32_t two = byte(at) << 8 | byte(at + 1);
    const char four[4] = {digits[two >> 10], digits[two >> 4 & 63], digits[two << 2 & 63], '='};
    out.append(four, 4);
  }
}

char* put_number(char* at, std::uint64_t value) noexcept {
  // 1233 / 4096 is a little more than log10(2): the number of digits from the number of bits, or one too many.
  const auto bits = static_cast<unsigned>(std::bit_width(value | 1));
  unsigned size = bits * 1233 >> 12;
  size += value >= powers_of_ten[size] ? 1U : 0U;
  size += size == 0 ? 1U : 0U;
  char* const end = at + size;
  char* to = end;
  while (value >= 100) {
    to -= 2;
    std::memcpy(to, &two_digits[value % 100 * 2], 2);
    value /= 100;
  }
  if (value >= 10)
    std::memcpy(to - 2, &two_digits[value * 2], 2);
  else
    to[-1] = static_cast<char>('0' + value);
  return end;
}

char* put_number(char* at, std::int64_t value) noexcept {
  if (value >= 0) return put_number(at, static_cast<std::uint64_t>(value));
  *at = '-';
  return put_number(at + 1, 0 - static_cast<std::uint64_t>(value));
}

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  out.append(digits, static_cast<std::size_t>(put_number(digits, value) - digits));
}

void append_number(std::string& out, std::int64_t value) {
  char digits[20];
  out.append(digits, static_cast<std::size_t>(put_number(digits, value) - digits));
}

void append_padded(std::string& out, std::uint64_t value, unsigned width) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  const auto count = static_cast<std::size_t>(end - digits);
  if (count < width) out.append(width - count, '0');
  out.append(digits, count);
}

void append_hex(std::string& out, std::span<const unsigned char> bytes) {
  for (const unsigned char b : bytes) {
    out += hex_digits[b >> 4];
    out += hex_digits[b & 15];
  }
}

bool is_json_number(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const std::size_t whole = at;
  const std::size_t count = digits();
  if (count == 0 || (count > 1 && text[whole] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > 64) return {};
  std::string_view best;
  std::size_t best_edits = word.size() <= 3 ? 2 : 2 + word.size() / 5;  // one more than is still near
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > 64) continue;
    const std::size_t count = edits(word, candidate);
    if (count < best_edits && count < candidate.size()) {
      best = candidate;
      best_edits = count;
    }
  }
  return best;
}

std::string list_of(std::span<const std::string_view> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) out += i + 1 == names.size() ? " and " : ", ";
    out += '\'';
    out += names[i];
    out += '\'';
  }
  return out;
}

}  // namespace lakh

#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/outcome_batch.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace lakh::load {
namespace {

constexpr std::size_t first_capacity = outcome_batch::byte_limit + 8 * 1024;
constexpr std::size_t fixed_part = 320;  // nine numbers, names and punctuation at their longest

char* put(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_hex(char* out, std::uint64_t value) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = digits[value >> shift & 15];
  return out;
}

// The length of the well-formed UTF-8 sequence at the front, 0 if there is none (RFC 3629: no surrogates, no over-long
// forms).
std::size_t sequence_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xc0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf && follows(1)) return 2;
  if (lead >= 0xe0 && lead <= 0xef && follows(1) && follows(2)) {
    if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)) return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4 && follows(1) && follows(2) && follows(3)) {
    if ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

// A JSON string; at most six bytes for each of the text's, and the quotation marks.
char* put_string(char* out, std::string_view text) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  *out++ = '"';
  while (!text.empty()) {
    const unsigned char letter = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (letter == '"' || letter == '\\') {
      *out++ = '\\';
      *out++ = static_cast<char>(letter);
    } else if (letter < 0x20 || letter == 0x7f) {
      out = put(out, "\\u00");
      *out++ = digits[letter >> 4];
      *out++ = digits[letter & 15];
    } else if ((length = sequence_length(text)) == 0) {
      out = put(out, "\xef\xbf\xbd");
      length = 1;
    } else {
      out = put(out, text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  *out++ = '"';
  return out;
}

// Cuts between characters.
std::string_view cut(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80U) --limit;
  return text.substr(0, limit);
}

}  // namespace

void outcome_batch::append(const outcome_record& record) {
  const std::string_view reason = cut(record.reason, reason_limit);
  const std::size_t needed = size_ + fixed_part + 6 * (record.kept.size() + reason.size());
  if (needed > capacity_) [[unlikely]]
    grow(needed);

  char* out = data_.get() + size_;
  out = put(out, count_ == 0 ? std::string_view("[[") : std::string_view(",\n["));
  out = put_number(out, record.item);
  out = put(out, ",\"");
  out = put(out, name(record.state));
  out = put(out, "\",");
  out = put_number(out, std::uint64_t{record.status});
  *out++ = ',';
  out = put_number(out, std::uint64_t{record.attempts});
  *out++ = ',';
  out = put_number(out, record.start_us);
  *out++ = ',';
  out = put_number(out, record.latency_us);
  *out++ = ',';
  out = put_number(out, record.service_us);
  if (record.sent_digest == 0) {
    out = put(out, ",null,");
  } else {
    out = put(out, ",\"");
    out = put_hex(out, record.sent_digest);
    out = put(out, "\",");
  }
  if (record.kept.empty()) {
    out = put(out, "null");
  } else {
    out = check_json(record.kept) == json_status::ok ? put(out, record.kept) : put_string(out, record.kept);
  }
  if (record.error != error_kind::none || record.last_attempt != certainty::answered || !reason.empty()) {
    if (record.error == error_kind::none) {
      out = put(out, ",null,\"");
    } else {
      out = put(out, ",\"");
      out = put(out, lakh::name(record.error));
      out = put(out, "\",\"");
    }
    out = put(out, lakh::name(record.last_attempt));
    out = put(out, "\",");
    out = reason.empty() ? put(out, "null") : put_string(out, reason);
  }
  *out++ = ']';
  size_ = static_cast<std::size_t>(out - data_.get());

  first_ = count_ == 0 ? record.item : std::min(first_, record.item);
  last_ = count_ == 0 ? record.item : std::max(last_, record.item);
  ++states_[static_cast<std::size_t>(record.state)];
  ++count_;
}

std::string_view outcome_batch::items() noexcept {
  if (count_ == 0) return "[]";
  data_[size_] = ']';  // append() leaves room: the fixed part is longer than any row's
  return {data_.get(), size_ + 1};
}

void outcome_batch::clear() noexcept {
  size_ = count_ = 0;
  first_ = last_ = 0;
  std::fill(std::begin(states_), std::end(states_), 0);
}

void outcome_batch::swap(outcome_batch& other) noexcept {
  data_.swap(other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(count_, other.count_);
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(states_, other.states_);
}

void outcome_batch::grow(std::size_t needed) {
  const std::size_t capacity = std::max({needed, first_capacity, capacity_ * 2});
  auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ != 0) std::memcpy(bigger.get(), data_.get(), size_);
  data_ = std::move(bigger);
  capacity_ = capacity;
}

}  // namespace lakh::load

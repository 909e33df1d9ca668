#include <lakh/core/json_text.hpp>
#include <lakh/load/ledger_rows.hpp>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>

namespace lakh::load {
namespace {

// A cursor over the text. Each member steps over what it names, or says false and stays.
class cursor {
 public:
  explicit cursor(std::string_view text) noexcept
      : at_(text.data()), begin_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }

  bool take(std::string_view literal) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < literal.size() || std::memcmp(at_, literal.data(), literal.size()) != 0)
      return false;
    at_ += literal.size();
    return true;
  }

  // As written by to_chars: no plus sign, no leading zero, no "-0".
  template <typename Number> bool number(Number& value) noexcept {
    // Most are short and not negative: seven for each row are worth a loop of their own.
    std::uint64_t sum = 0;
    const char* digit = at_;
    for (; digit != end_ && *digit >= '0' && *digit <= '9' && digit - at_ < 19; ++digit)
      sum = sum * 10 + static_cast<std::uint64_t>(*digit - '0');
    const auto length = digit - at_;
    if (length > 0 && length < 19 && (*at_ != '0' || length == 1)) {
      if (sum > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) return false;
      value = static_cast<Number>(sum);
      at_ = digit;
      return true;
    }
    const auto parsed = std::from_chars(at_, end_, value);
    if (parsed.ec != std::errc()) return false;
    const char* digits = *at_ == '-' ? at_ + 1 : at_;
    if (*digits == '0' && (parsed.ptr != digits + 1 || digits != at_)) return false;
    at_ = parsed.ptr;
    return true;
  }

  // A word in quotation marks that needs no escapes.
  bool word(std::string_view& text) noexcept {
    if (!take("\"")) return false;
    const auto* close = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (close == nullptr) return false;
    text = {at_, static_cast<std::size_t>(close - at_)};
    at_ = close + 1;
    return true;
  }

  // Any JSON value.
  bool value(std::string_view& raw) noexcept {
    json_cursor json({at_, static_cast<std::size_t>(end_ - at_)});
    const bool good = json.value(raw) == json_status::ok;
    if (good) at_ = raw.data() + raw.size();
    return good;
  }

 private:
  const char* at_;
  const char* begin_;
  const char* end_;
};

bool hex(std::string_view text, std::uint64_t& value) noexcept {
  if (text.size() != 16) return false;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value != 0;
}

template <typename Value> bool assign(Value& target, const std::optional<Value>& found) noexcept {
  if (found) target = *found;
  return found.has_value();
}

bool state(cursor& in, outcome_state& value) noexcept {
  if (in.take("\"confirmed\"")) {
    value = outcome_state::confirmed;
    return true;
  }
  std::string_view text;
  return in.word(text) && assign(value, outcome_state_of(text));
}

bool certainty_word(cursor& in, certainty& value) noexcept {
  std::string_view text;
  return in.word(text) && assign(value, certainty_of(text));
}

bool kind(cursor& in, error_kind& value) noexcept {
  if (in.take("null")) return true;
  std::string_view text;
  return in.word(text) && assign(value, error_kind_of(text)) && value != error_kind::none;
}

bool digest(cursor& in, std::uint64_t& value) noexcept {
  if (in.take("null")) return true;
  std::string_view text;
  return in.word(text) && hex(text, value);
}

bool kept(cursor& in, std::string_view& raw) noexcept {
  return in.take("null") || in.value(raw);
}

bool reason(cursor& in, std::string_view& text, std::string& unescaped) {
  if (in.take("null")) return true;
  std::string_view raw;
  if (!in.value(raw) || !raw.starts_with('"')) return false;
  if (raw.find('\\') == std::string_view::npos) {
    text = raw.substr(1, raw.size() - 2);
    return true;
  }
  const std::size_t start = unescaped.size();
  if (!append_json_text(unescaped, raw)) return false;
  text = std::string_view(unescaped).substr(start);
  return true;
}

// What is there only of an item that went other than it should.
bool trouble(cursor& in, outcome_record& record, std::string& unescaped) {
  return in.take(",") && kind(in, record.error) && in.take(",") && certainty_word(in, record.last_attempt) &&
         in.take(",") && reason(in, record.reason, unescaped) && in.take("]") &&
         (record.error != error_kind::none || record.last_attempt != certainty::answered || !record.reason.empty());
}

bool row(cursor& in, outcome_record& record, std::string& unescaped) {
  const bool good = in.take("[") && in.number(record.item) && in.take(",") && state(in, record.state) && in.take(",") &&
                    in.number(record.status) && in.take(",") && in.number(record.attempts) && in.take(",") &&
                    in.number(record.start_us) && in.take(",") && in.number(record.latency_us) && in.take(",") &&
                    in.number(record.service_us) && in.take(",") && digest(in, record.sent_digest) && in.take(",") &&
                    kept(in, record.kept);
  if (!good) return false;
  if (!in.take("]")) return trouble(in, record, unescaped);
  record.last_attempt = certainty::answered;
  return true;
}

}  // namespace

std::optional<std::size_t> ledger_rows::parse(std::string_view items) {
  records_.clear();
  unescaped_.clear();
  unescaped_.reserve(items.size());
  cursor in(items);
  if (!in.take("[")) return in.offset();
  do {
    if (!row(in, records_.emplace_back(), unescaped_)) return in.offset();
  } while (in.take(",\n"));
  if (!in.take("]") || !in.at_end()) return in.offset();
  return std::nullopt;
}

}  // namespace lakh::load

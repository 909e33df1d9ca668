#include <lakh/core/chaos.hpp>
#include <lakh/core/duration.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <expected>
#include <utility>

namespace lakh {
namespace {

constexpr std::uint64_t billion = 1'000'000'000;
constexpr std::uint64_t largest_value = std::uint64_t{1} << 62;

std::string quoted(std::string_view text) {
  std::string out = "'";
  out += text.substr(0, 80);
  if (text.size() > 80) out += "…";
  return out += "'";
}

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::expected<std::uint32_t, std::string> parse_share(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected(quoted(text) + " is no share: write a percentage, such as 1% or 0.25%");
  };
  if (!text.ends_with('%')) return wrong();
  std::string_view digits = text.substr(0, text.size() - 1);
  const std::size_t point = digits.find('.');
  std::string_view behind = point == std::string_view::npos ? std::string_view() : digits.substr(point + 1);
  if (point != std::string_view::npos && behind.empty()) return wrong();
  if (behind.size() > 4) return std::unexpected(quoted(text) + " has more than four decimals");
  digits = digits.substr(0, point);
  if (digits.empty() || digits.size() > 3) return wrong();
  std::uint32_t millionths = 0;
  for (const std::string_view part : {digits, behind})
    for (const char digit : part) {
      if (digit < '0' || digit > '9') return wrong();
      millionths = millionths * 10 + static_cast<std::uint32_t>(digit - '0');
    }
  for (std::size_t i = behind.size(); i < 4; ++i) millionths *= 10;
  if (millionths > 1'000'000) return std::unexpected(quoted(text) + " is more than all");
  return millionths;
}

std::expected<std::uint64_t, std::string> parse_value(std::string_view text, chaos_value kind) {
  switch (kind) {
    case chaos_value::time:
    case chaos_value::seconds: {
      const auto time = parse_duration(text);
      if (!time) return std::unexpected(time.error());
      const auto count = static_cast<std::uint64_t>(time->count());
      if (kind == chaos_value::time) return count;
      if (count % billion != 0) return std::unexpected(quoted(text) + " is no whole number of seconds");
      return count / billion;
    }
    case chaos_value::bytes_per_second:
      if (!text.ends_with("/s")) return std::unexpected(quoted(text) + " is no rate: write 500/s, 64KiB/s or 1MB/s");
      text.remove_suffix(2);
      [[fallthrough]];
    case chaos_value::bytes: return parse_size(text);
    case chaos_value::none: break;
  }
  return std::unexpected("no value may stand here");
}

std::string value_text(std::uint64_t value, chaos_value kind) {
  switch (kind) {
    case chaos_value::time: return format_duration(std::chrono::nanoseconds(static_cast<std::int64_t>(value)));
    case chaos_value::seconds: return format_duration(std::chrono::seconds(static_cast<std::int64_t>(value)));
    case chaos_value::bytes: return format_size(value);
    case chaos_value::bytes_per_second: return format_size(value) + "/s";
    case chaos_value::none: break;
  }
  return {};
}

std::string_view example_of(chaos_value kind) noexcept {
  switch (kind) {
    case chaos_value::time: return "20ms or 20ms..200ms";
    case chaos_value::seconds: return "1s or 1s..3s";
    case chaos_value::bytes: return "100 or 1..4KiB";
    case chaos_value::bytes_per_second: return "64KiB/s";
    case chaos_value::none: break;
  }
  return {};
}

// One word of the list, with what is needed to complain of it.
class word_reader {
 public:
  word_reader(std::string_view word, std::span<const chaos_rule> rules, std::string_view source)
      : word_(word), rules_(rules), source_(source) {}

  [[nodiscard]] bool is_seed() const noexcept { return word_ == "seed" || word_.starts_with("seed:"); }

  [[nodiscard]] std::uint64_t seed() const {
    const std::string_view digits = word_.substr(std::min<std::size_t>(word_.size(), 5));
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
    if (error != std::errc() || end != digits.data() + digits.size())
      fail("the seed must be a whole number from 0 to 18446744073709551615", "write seed:7");
    return seed;
  }

  [[nodiscard]] chaos_word read() const {
    chaos_word made;
    std::string_view rest = word_;
    bool directed = false;
    for (const std::string_view prefix : {"up.", "down."}) {
      if (!rest.starts_with(prefix)) continue;
      rest.remove_prefix(prefix.size());
      made.up = prefix == "up.";
      made.down = !made.up;
      directed = true;
      break;
    }
    const std::size_t at = rest.find('@');
    const std::string_view value = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
    rest = rest.substr(0, at);
    const std::size_t colon = rest.find(':');
    made.rule = &rule_of(rest.substr(0, colon));
    if (directed && !made.rule->has_direction) fail("it has no direction", "write it without up. or down.");
    if (colon != std::string_view::npos) {
      const auto share = parse_share(rest.substr(colon + 1));
      if (!share) fail(share.error());
      made.millionths = *share;
    }
    if (at != std::string_view::npos)
      read_value(value, made);
    else if (made.rule->needs_value)
      fail("it needs a value", "write it behind an @: " + std::string(made.rule->name) + ":1%@" +
                                   std::string(example_of(made.rule->value)));
    return made;
  }

  [[noreturn]] void fail(const std::string& what, std::string hint = {}) const {
    throw input_error(std::string(source_) + ": " + quoted(word_) + ": " + what, std::move(hint));
  }

 private:
  [[nodiscard]] const chaos_rule& rule_of(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const chaos_rule& rule : rules_) {
      if (rule.name == name) return rule;
      if (name.starts_with(rule.name) && name.substr(rule.name.size()).starts_with('='))
        fail("a share is written behind a colon",
             "as in " + std::string(rule.name) + ":1%" +
                 (rule.needs_value ? "@" + std::string(example_of(rule.value)) : ""));
      names.push_back(rule.name);
    }
    names.emplace_back("seed");
    const std::string_view near = nearest(name, names);
    std::string hint = near.empty() ? "there are " + list_of(names) : "did you mean '" + std::string(near) + "'?";
    if (name.empty()) fail("a word begins with a name", "there are " + list_of(names));
    fail("there is no " + quoted(name), std::move(hint));
  }

  void read_value(std::string_view text, chaos_word& into) const {
    const chaos_rule& rule = *into.rule;
    if (rule.value == chaos_value::none) fail("it takes no value", "leave out what begins with @");
    const std::size_t dots = text.find("..");
    const auto low = parse_value(text.substr(0, dots), rule.value);
    if (!low) fail(low.error(), "for example @" + std::string(example_of(rule.value)));
    const auto high = dots == std::string_view::npos ? low : parse_value(text.substr(dots + 2), rule.value);
    if (!high) fail(high.error(), "for example @" + std::string(example_of(rule.value)));
    if (*high < *low) fail("the second value is less than the first");
    if (*low < rule.smallest) fail("the value must be " + value_text(rule.smallest, rule.value) + " or more");
    if (*high > largest_value) fail("the value is too large");
    into.has_value = true;
    into.least = *low;
    into.most = *high;
  }

  std::string_view word_;
  std::span<const chaos_rule> rules_;
  std::string_view source_;
};

}  // namespace

std::string chaos_share_text(std::uint32_t millionths) {
  std::string text;
  append_number(text, std::uint64_t{millionths / 10'000});
  if (const std::uint32_t rest = millionths % 10'000; rest != 0) {
    text += '.';
    append_padded(text, rest, 4);
    while (text.ends_with('0')) text.pop_back();
  }
  return text += '%';
}

std::string chaos_word::text() const {
  std::string out;
  if (!up) out += "down.";
  if (!down) out += "up.";
  out += rule->name;
  out += ':';
  out += chaos_share_text(millionths);
  if (has_value) {
    out += '@';
    out += value_text(least, rule->value);
    if (most != least) out += ".." + value_text(most, rule->value);
  }
  return out;
}

chaos_spec chaos_spec::parse(std::string_view text, std::span<const chaos_rule> rules, std::string_view source) {
  chaos_spec made;
  bool seeded = false;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const word_reader reader(trimmed(text.substr(at, end - at)), rules, source);
    at = end + 1;
    if (reader.is_seed()) {
      if (std::exchange(seeded, true)) reader.fail("the seed is given twice");
      made.seed_ = reader.seed();
      continue;
    }
    const chaos_word word = reader.read();
    for (const chaos_word& other : made.words_)
      if (other.rule == word.rule && ((other.up && word.up) || (other.down && word.down)))
        reader.fail("it is given twice", "one share for each: " + other.text() + " stands before it");
    made.words_.push_back(word);
  }
  return made;
}

const chaos_word* chaos_spec::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(words_, name, [](const chaos_word& word) { return word.rule->name; });
  return found == words_.end() ? nullptr : &*found;
}

std::string chaos_spec::text() const {
  std::string out;
  for (const chaos_word& word : words_) out += word.text() + ",";
  out += "seed:";
  append_number(out, seed_);
  return out;
}

}  // namespace lakh

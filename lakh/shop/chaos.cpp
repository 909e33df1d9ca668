#include <lakh/core/error.hpp>
#include <lakh/shop/chaos.hpp>

#include <algorithm>
#include <chrono>

namespace lakh::shop {
namespace {

constexpr std::size_t most_answers = 64;
constexpr std::size_t first_independent = static_cast<std::size_t>(mishap::delay);

constexpr std::array<chaos_rule, mishap_count> rules{{
    {.name = "drop-before", .help = "closes the connection, and stores nothing"},
    {.name = "429",
     .value = chaos_value::seconds,
     .help = "answers 429 with Retry-After (1s, or the value), and stores nothing"},
    {.name = "500", .help = "answers 500, and stores nothing"},
    {.name = "503",
     .value = chaos_value::seconds,
     .help = "answers 503 with Retry-After (1s, or the value), and stores nothing"},
    {.name = "swallow", .help = "answers with another order's answer, and stores nothing"},
    {.name = "drop-after", .help = "stores the order, and closes the connection without an answer"},
    {.name = "500-after", .help = "stores the order, and answers 500"},
    {.name = "cut",
     .value = chaos_value::bytes,
     .smallest = 1,
     .help = "stores the order, and closes in the middle of the answer (anywhere, or after so many bytes)"},
    {.name = "misanswer", .help = "stores the order, and answers with another order's answer"},
    {.name = "delay",
     .value = chaos_value::time,
     .needs_value = true,
     .help = "holds the order back so long before it is stored; may befall an order besides another"},
    {.name = "forget",
     .help = "of the keys: the order is stored, its key is not remembered, and repetitions are stored again"},
}};

}  // namespace

std::span<const chaos_rule> chaos_rules() noexcept {
  return rules;
}

chaos_spec read_chaos(std::string_view text, std::string_view source) {
  chaos_spec spec = chaos_spec::parse(text, rules, source);
  std::uint64_t sum = 0;
  for (const chaos_word& word : spec.words())
    if (word.rule < &rules[first_independent]) sum += word.millionths;
  if (sum > 1'000'000)
    throw input_error(std::string(source) + ": '" + std::string(text) + "': the shares add up to more than all orders",
                      "one mishap befalls an order, so that all but delay and forget share 100%");
  return spec;
}

chaos::chaos(chaos_spec spec) : spec_(std::move(spec)), dice_(spec_.seed()) {
  for (const chaos_word& word : spec_.words()) words_[static_cast<std::size_t>(word.rule - rules.data())] = &word;
  keeps_answers_ = word(mishap::misanswer) != nullptr || word(mishap::swallow) != nullptr;
}

fate chaos::fate_of(std::uint64_t number) const noexcept {
  fate luck;
  luck.number = number;
  // One draw for all that exclude each other: each has its share of the line from 0 to 1.
  std::uint32_t at = dice_.millionth(number, "mishap");
  for (const chaos_word& one : spec_.words()) {
    const auto what = static_cast<std::size_t>(one.rule - rules.data());
    if (what >= first_independent) continue;
    if (at < one.millionths) {
      luck.what = static_cast<mishap>(what);
      if (one.has_value)
        luck.value = dice_.value(one, number, "value");
      else if (one.rule->value == chaos_value::seconds)
        luck.value = 1;
      break;
    }
    at -= one.millionths;
  }
  if (const chaos_word* const delay = word(mishap::delay);
      delay != nullptr && dice_.hits(delay->millionths, number, "delay"))
    luck.delay = std::chrono::nanoseconds(dice_.value(*delay, number, "delay time"));
  return luck;
}

bool chaos::forgets(std::string_view key) const noexcept {
  const chaos_word* const forget = word(mishap::forget);
  return forget != nullptr && dice_.hits(forget->millionths, mix(0, key), "forget");
}

std::uint64_t chaos::part_of(const fate& luck, std::size_t size) const noexcept {
  return luck.value != 0 ? luck.value : 1 + dice_.roll(luck.number, "cut").below(std::max<std::size_t>(size, 2) - 1);
}

void chaos::keep(std::string_view id, std::string_view answer) {
  if (!keeps_answers_) return;
  const std::lock_guard lock(answers_mutex_);
  if (answers_.size() < most_answers) answers_.emplace_back();
  stored_answer& place = answers_[next_answer_++ % most_answers];
  place.id = id;
  place.answer = answer;
}

std::optional<chaos::stored_answer> chaos::another(const fate& luck, std::string_view id) {
  const std::lock_guard lock(answers_mutex_);
  if (answers_.empty()) return std::nullopt;
  const std::size_t first = dice_.roll(luck.number, "answer").below(answers_.size());
  for (std::size_t i = 0; i < 2; ++i) {  // each id is there once
    const stored_answer& found = answers_[(first + i) % answers_.size()];
    if (found.id != id) return found;
  }
  return std::nullopt;
}

std::vector<injection> chaos::counted() const {
  std::vector<injection> all;
  for (std::size_t i = 0; i < mishap_count; ++i)
    if (words_[i] != nullptr) all.push_back({std::string(rules[i].name), counted_[i].load()});
  return all;
}

}  // namespace lakh::shop

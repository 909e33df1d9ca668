#include <lakh/load/balance.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace lakh::load {

balance::balance(const item_states& states, std::uint64_t requested_items)
    : requested(requested_items),
      confirmed(states.count(item_state::confirmed)),
      failed(states.count(item_state::failed)),
      unknown(states.count(item_state::unknown)),
      doubtful(states.count(item_state::claimed)),
      unclaimed(states.count(item_state::unclaimed)) {
  if (requested > states.size()) unclaimed += requested - states.size();
}

std::uint64_t balance::accounted() const noexcept {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : {confirmed, failed, unknown, doubtful, unclaimed}) {
    if (__builtin_add_overflow(sum, part, &sum)) return std::numeric_limits<std::uint64_t>::max();
  }
  return sum;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3;) {
    place -= 3;
    text.insert(place, 1, ',');
  }
  return text;
}

std::string balance::text() const {
  struct line {
    std::string_view name;
    std::uint64_t number;
    bool always;
  };
  const std::array<line, 5> lines{{{"confirmed", confirmed, true},
                                   {"failed", failed, true},
                                   {"unknown", unknown, true},
                                   {"in flight or doubtful", doubtful, false},
                                   {"not yet sent", unclaimed, false}}};
  const std::string total = grouped(accounted());
  std::size_t width = std::max({std::size_t{12}, total.size(), grouped(requested).size()});
  const auto row = [&](std::string_view name, const std::string& number) {
    return fmt::format("  {:<24}{:>{}}\n", name, number, width);
  };

  std::string sheet = row("requested", grouped(requested));
  sheet += fmt::format("  {:-<{}}\n", "", 24 + width);
  for (const line& one : lines) {
    if (one.always || one.number != 0) sheet += row(one.name, grouped(one.number));
  }
  sheet += fmt::format("  {:-<{}}\n", "", 24 + width);
  std::string sum = row("accounted for", total);
  sum.pop_back();
  if (holds()) {
    sum += "  balanced\n";
  } else if (accounted() < requested) {
    sum += fmt::format("  NOT BALANCED: {} missing\n", grouped(requested - accounted()));
  } else {
    sum += fmt::format("  NOT BALANCED: {} too many\n", grouped(accounted() - requested));
  }
  return sheet + sum;
}

std::string balance::json() const {
  return fmt::format(
      R"({{"requested":{},"confirmed":{},"failed":{},"unknown":{},"doubtful":{},"unclaimed":{},"holds":{}}})",
      requested, confirmed, failed, unknown, doubtful, unclaimed, holds());
}

}  // namespace lakh::load

#include <lakh/load/reconcile.hpp>

#include <charconv>

namespace lakh::load {
namespace {

constexpr std::uint64_t most_examples = 3;  // of each kind

}  // namespace

reference_form::reference_form(const text_template& reference, const render_input& of_run, const input_place& place) {
  const auto reading = [&](std::uint64_t item) {
    render_input input = of_run;
    input.item = item;
    input.random = mix(item, 1);  // what depends on chance differs between items, and is refused below
    std::string text;
    if (!reference.render(input, text)) text.clear();
    return text;
  };
  const std::string probe = "7340521";
  const std::string text = reading(7340521);
  const std::size_t at = text.find(probe);
  if (at != std::string::npos) {
    before_ = text.substr(0, at);
    after_ = text.substr(at + probe.size());
    if (reading(9) == before_ + "9" + after_ && reading(88) == before_ + "88" + after_) return;
  }
  throw input_error(place, "a reference must be a fixed text with {{item}} in it once", "as in \"{{run}}-{{item}}\"");
}

std::optional<std::uint64_t> reference_form::item_of(std::string_view reference) const noexcept {
  if (reference.size() <= before_.size() + after_.size() || !reference.starts_with(before_) ||
      !reference.ends_with(after_))
    return std::nullopt;
  const std::string_view digits = reference.substr(before_.size(), reference.size() - before_.size() - after_.size());
  std::uint64_t item = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), item);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;  // one item has one name
  return item;
}

reconciler::reconciler(const item_states& states, std::uint64_t requested, reference_form references,
                       std::function<std::uint64_t(std::uint64_t)> sent_digest)
    : states_(states),
      requested_(requested),
      references_(std::move(references)),
      sent_digest_(std::move(sent_digest)),
      seen_(requested) {}

void reconciler::example(std::uint64_t nth, std::string text) {
  if (nth <= most_examples) result_.examples.push_back(std::move(text));
}

void reconciler::add(std::string_view reference, std::string_view digest) {
  ++result_.listed;
  const auto item = references_.item_of(reference);
  if (!item || *item >= requested_) {
    example(++result_.unexpected, "unexpected: '" + std::string(reference) + "' is no item of this run");
    return;
  }
  const auto name = [&] { return "item " + std::to_string(*item) + " ('" + std::string(reference) + "')"; };
  if (seen_[*item]) {
    example(++result_.duplicate, "duplicate: " + name() + " is there more than once");
    return;
  }
  seen_[*item] = true;
  const item_state state = states_.get(*item);
  if (state == item_state::failed || state == item_state::unclaimed) {
    example(++result_.unexpected,
            "unexpected: " + name() +
                (state == item_state::failed ? " failed here, but is there" : " was never sent, but is there"));
    return;
  }
  if (!digest.empty() && sent_digest_) {
    std::uint64_t there = 0;
    const auto [end, error] = std::from_chars(digest.data(), digest.data() + digest.size(), there, 16);
    result_.digests_compared = true;
    if (error != std::errc() || end != digest.data() + digest.size() || there != sent_digest_(*item)) {
      example(++result_.altered, "altered: " + name() + " is there, but not as it was sent");
      return;
    }
  }
  if (state == item_state::confirmed)
    ++result_.matched;
  else
    ++result_.settled;
}

reconciliation reconciler::finish() {
  for (std::uint64_t item = 0; item < requested_; ++item) {
    if (seen_[item] || states_.get(item) != item_state::confirmed) continue;
    example(++result_.missing, "missing: item " + std::to_string(item) + " is confirmed here, but not there");
  }
  return std::move(result_);
}

}  // namespace lakh::load

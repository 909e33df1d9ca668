#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/reconcile.hpp>

#include <charconv>

namespace lakh::load {
namespace {

constexpr std::uint64_t most_examples = 3;  // of each kind
constexpr std::size_t longest_reference = 120;

// A target that is read without end is no listing of this run. Far above what doing items twice can make of it.
constexpr std::uint64_t most_entries_for(std::uint64_t requested) {
  constexpr std::uint64_t spare = 1'000'000;
  return requested > (~std::uint64_t{0} - spare) / 10 ? ~std::uint64_t{0} : requested * 10 + spare;
}

bool in_doubt(item_state state) noexcept {
  return state == item_state::unknown || state == item_state::claimed;
}

// The target's own words, fit to stand in a line.
std::string quoted(std::string_view text) {
  const bool cut = text.size() > longest_reference;
  if (cut) text = text.substr(0, longest_reference);
  if (const std::size_t bad = find_bad_utf8(text); bad != std::string_view::npos) text = text.substr(0, bad);
  std::string out = "'";
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out + (cut ? "…'" : "'");
}

}  // namespace

reconciler::reconciler(const item_states& states, std::uint64_t requested, digest_of_item sent_digest)
    : states_(states),
      requested_(requested),
      most_entries_(most_entries_for(requested)),
      sent_digest_(std::move(sent_digest)),
      found_(requested),
      altered_(requested),
      duplicated_(requested) {}

void reconciler::example(std::uint64_t nth, std::string_view kind, const target_entry& entry, std::string_view what) {
  if (nth > most_examples) return;
  std::string text = std::string(kind) + ": ";
  if (entry.item && *entry.item < requested_)
    text += "item " + std::to_string(*entry.item) + " (" + quoted(entry.reference) + ")";
  else
    text += quoted(entry.reference);
  result_.examples.push_back(std::move(text.append(" ").append(what)));
}

void reconciler::add(const target_entry& entry) {
  if (++result_.listed > most_entries_)
    throw protocol_error("the target gave " + std::to_string(most_entries_) + " entries for a run of " +
                             std::to_string(requested_) + " items, and goes on",
                         "does it end, and does it give the entries of this run only?");
  if (!entry.item || *entry.item >= requested_) {
    example(++strangers_, "unexpected", entry, "is no item of this run");
    return;
  }
  const std::uint64_t item = *entry.item;
  const bool first = found_.insert(item);
  if (!first) {
    duplicated_.insert(item);
    example(++result_.duplicate, "duplicate", entry, "is there more than once");
  }
  const item_state state = states_.get(item);
  if (state != item_state::confirmed && !in_doubt(state)) {
    if (first)
      example(++result_.unexpected, "unexpected", entry,
              state == item_state::failed ? "failed here, but is there" : "was never sent, but is there");
    return;
  }
  if (entry.digest.empty() || !sent_digest_) return;
  const std::uint64_t sent = sent_digest_(item);
  if (sent == 0) return;
  std::uint64_t there = 0;
  const auto [end, error] = std::from_chars(entry.digest.data(), entry.digest.data() + entry.digest.size(), there, 16);
  result_.digests_compared = true;
  if (error == std::errc() && end == entry.digest.data() + entry.digest.size() && there == sent) return;
  if (altered_.insert(item)) example(altered_.count(), "altered", entry, "is there, but not as it was sent");
}

item_verdict reconciler::verdict_of(std::uint64_t item) const noexcept {
  const item_state state = states_.get(item);
  const bool there = found_.contains(item);
  if (state != item_state::confirmed && !in_doubt(state))
    return there ? item_verdict::unexpected : item_verdict::agreed;
  if (altered_.contains(item)) return item_verdict::altered;
  if (state == item_state::confirmed) return there ? item_verdict::matched : item_verdict::missing;
  return there ? item_verdict::settled : item_verdict::absent;
}

std::optional<std::uint64_t> reconciler::next(std::uint64_t from, item_verdict wanted) const noexcept {
  for (; from < requested_; ++from)
    if (verdict_of(from) == wanted) return from;
  return std::nullopt;
}

reconciliation reconciler::finish() {
  reconciliation all = std::move(result_);
  result_ = {};
  all.unexpected = strangers_;
  for (std::uint64_t item = 0; item < requested_; ++item) {
    switch (verdict_of(item)) {
      case item_verdict::matched: ++all.matched; break;
      case item_verdict::missing:
        if (++all.missing <= most_examples)
          all.examples.push_back("missing: item " + std::to_string(item) + " is confirmed here, but not there");
        break;
      case item_verdict::altered: ++all.altered; break;
      case item_verdict::unexpected: ++all.unexpected; break;
      case item_verdict::settled: ++all.settled; break;
      case item_verdict::absent: ++all.absent; break;
      case item_verdict::agreed: break;
    }
  }
  return all;
}

}  // namespace lakh::load

// Quantities are whole numbers of 1 / 3.6e18 item: a rate in millionths of an item per hour times nanoseconds. A ramp's
// integral is a fraction of that, and is rounded down: floor of a rising function rises, so order is never lost.
#include <lakh/core/text.hpp>
#include <lakh/load/pacing.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lakh::load {
namespace {

__extension__ using wide = unsigned __int128;

constexpr std::uint64_t item_units = 3'600'000'000'000'000'000ULL;    // 10^6 millionths × 3.6·10^12 ns in an hour
constexpr std::uint64_t longest = 10'000ULL * 86'400'000'000'000ULL;  // 10,000 days in ns, as parse_duration() has it
constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

input_place shifted(const input_place& place, std::size_t columns) {
  input_place exact = place;
  if (exact.line != 0 && exact.column != 0) exact.column += columns;
  return exact;
}

}  // namespace

pacing pacing::parse(std::string_view text, const input_place& place) {
  const std::string hint = "a rate reads like 5000/s, 300/m for 10m, or 0..5000/s over 30s, 5000/s for 1m";
  std::vector<pacing_segment> segments;
  std::size_t at = 0;
  for (;;) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string_view part = trimmed(text.substr(at, comma - at));
    const input_place here = shifted(place, at);
    const auto fail = [&](const std::string& what) { throw input_error(here, "rate: " + what, hint); };
    if (segments.size() == 1000) fail("more than 1000 segments");

    std::string_view rates = part;
    std::string_view length;
    const std::size_t over = part.find(" over ");
    const std::size_t lasting = part.find(" for ");
    if (over != std::string_view::npos) {
      rates = trimmed(part.substr(0, over));
      length = trimmed(part.substr(over + 6));
    } else if (lasting != std::string_view::npos) {
      rates = trimmed(part.substr(0, lasting));
      length = trimmed(part.substr(lasting + 5));
    }
    const std::size_t dots = rates.find("..");
    const bool ramp = dots != std::string_view::npos;
    if (ramp && over == std::string_view::npos)
      fail("a ramp from one rate to another needs its length: '" + std::string(part) + " over 30s'");
    if (!ramp && over != std::string_view::npos)
      fail("'over' belongs to a ramp such as 0..5000/s; a constant rate lasts 'for' a time");

    pacing_segment segment;
    std::string_view to = ramp ? trimmed(rates.substr(dots + 2)) : rates;
    const auto last = parse_rate(to);
    if (!last) fail(last.error());
    segment.from = segment.to = *last;
    if (ramp) {
      // The first rate may leave its unit to the second.
      std::string from(trimmed(rates.substr(0, dots)));
      if (from.find('/') == std::string::npos) from += to.substr(to.find('/'));
      const auto first = parse_rate(from);
      if (!first) fail(first.error());
      segment.from = *first;
    }
    if (over != std::string_view::npos || lasting != std::string_view::npos) {
      const auto duration = parse_duration(length);
      if (!duration) fail(duration.error());
      segment.length = *duration;
    }
    segments.push_back(segment);
    if (comma == text.size()) break;
    at = comma + 1;
  }
  return pacing(std::move(segments), place);
}

pacing::pacing(std::vector<pacing_segment> segments, const input_place& place) : segments_(std::move(segments)) {
  const auto fail = [&](const std::string& what) { throw input_error(place, "rate: " + what); };
  if (segments_.empty()) fail("no rate is given");
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const pacing_segment& segment = segments_[i];
    stretches_.push_back({total_, begin});
    if (!segment.length) {
      if (i + 1 != segments_.size())
        fail("only the last rate may go on without end; say for how long: " + format_rate(segment.from) + " for 1m");
      if (segment.to.millionths_per_hour == 0) fail("a rate of 0 without end starts nothing");
      if (segment.from != segment.to) fail("a ramp needs its length");
      return;
    }
    if (segment.length->count() <= 0) fail("a segment must last longer than 0s");
    const auto length = static_cast<std::uint64_t>(segment.length->count());
    if (length > longest - begin) fail("the schedule is longer than 10,000 days");
    total_ += within(segment, length);
    begin += length;
  }
  // Item 0 is due at the very start whatever the rate; a schedule has to be good for one more to have a rate at all.
  if (total_ == 0) fail("the schedule starts nothing");
}

// floor(∫ rate) from the segment's start. Constant: from·t. Ramp: from·t ± |to-from|·t² / 2T, where the product is
// split so that nothing leaves 128 bits: |to-from|·t = q·2T + r, so |to-from|·t·t / 2T = q·t + r·t / 2T.
pacing::wide pacing::within(const pacing_segment& segment, std::uint64_t elapsed) noexcept {
  const std::uint64_t from = segment.from.millionths_per_hour;
  const std::uint64_t to = segment.to.millionths_per_hour;
  const wide flat = wide{from} * elapsed;
  if (from == to || !segment.length) return flat;
  const wide twice = wide{static_cast<std::uint64_t>(segment.length->count())} * 2;
  const wide product = wide{from < to ? to - from : from - to} * elapsed;
  const wide whole = product / twice * elapsed;
  const wide rest = product % twice * elapsed;
  if (from < to) return flat + whole + rest / twice;
  return flat - whole - (rest + twice - 1) / twice;
}

std::optional<std::chrono::nanoseconds> pacing::start_of(std::uint64_t item) const noexcept {
  if (segments_.empty() || item == 0) return std::chrono::nanoseconds(0);
  const wide need = wide{item} * item_units;
  const bool endless = !segments_.back().length;
  if (!endless && need >= total_) return std::nullopt;
  // The last stretch before which less than `need` has come.
  const auto after = std::ranges::lower_bound(stretches_, need, {}, &stretch::before);
  const auto number = static_cast<std::size_t>(after - stretches_.begin()) - 1;
  const pacing_segment& segment = segments_[number];
  const stretch& begin = stretches_[number];
  const wide inside = need - begin.before;

  std::uint64_t elapsed = 0;
  const std::uint64_t from = segment.from.millionths_per_hour;
  const std::uint64_t to = segment.to.millionths_per_hour;
  if (from == to) {
    const wide exact = (inside + from - 1) / from;
    if (exact > longest - begin.begin) return std::nullopt;
    elapsed = static_cast<std::uint64_t>(exact);
  } else {
    // The first nanosecond at which the integral has got there. A guess by the quadratic formula is a few nanoseconds
    // off at most, so the search starts beside it with small steps.
    const auto length = static_cast<std::uint64_t>(segment.length->count());
    const auto slope = (static_cast<double>(to) - static_cast<double>(from)) / static_cast<double>(length);
    const auto want = static_cast<double>(inside);
    const double root =
        std::sqrt(std::max(0.0, static_cast<double>(from) * static_cast<double>(from) + 2 * slope * want));
    const double guess = 2 * want / (static_cast<double>(from) + root);
    std::uint64_t low = 0;        // within(low) < inside, or low is 0
    std::uint64_t high = length;  // within(high) >= inside
    std::uint64_t probe =
        guess >= 0 && guess < static_cast<double>(length) ? static_cast<std::uint64_t>(guess) : length / 2;
    std::uint64_t step = 16;
    while (low + 1 < high) {
      probe = std::clamp(probe, low + 1, high - 1);
      if (within(segment, probe) >= inside) {
        high = probe;
        probe = probe > step ? probe - step : 0;
      } else {
        low = probe;
        probe += step;
      }
      step = std::min(step * 4, length);
      // Once the steps are as wide as what is left, halving is faster.
      if (step >= high - low) probe = low + (high - low) / 2;
    }
    elapsed = high;
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(begin.begin + elapsed));
}

std::uint64_t pacing::due_at(std::chrono::nanoseconds since_start) const noexcept {
  if (since_start.count() < 0) return 0;
  if (segments_.empty()) return all;
  const std::uint64_t now = std::min(static_cast<std::uint64_t>(since_start.count()), longest);
  auto after = std::ranges::upper_bound(stretches_, now, {}, &stretch::begin);
  const auto number = static_cast<std::size_t>(after - stretches_.begin()) - 1;
  const pacing_segment& segment = segments_[number];
  std::uint64_t elapsed = now - stretches_[number].begin;
  if (segment.length) elapsed = std::min(elapsed, static_cast<std::uint64_t>(segment.length->count()));
  const wide come = stretches_[number].before + within(segment, elapsed);
  wide count = come / item_units + 1;
  if (segments_.back().length) count = std::min(count, (total_ + item_units - 1) / item_units);
  return count > all ? all : static_cast<std::uint64_t>(count);
}

std::optional<std::chrono::nanoseconds> pacing::length() const noexcept {
  if (segments_.empty() || !segments_.back().length) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(stretches_.back().begin)) + *segments_.back().length;
}

std::optional<std::uint64_t> pacing::items() const noexcept {
  const auto whole = length();
  if (!whole) return std::nullopt;
  return due_at(*whole);
}

std::string pacing::text() const {
  std::string out;
  for (const pacing_segment& segment : segments_) {
    if (!out.empty()) out += ", ";
    out += format_rate(segment.from);
    if (segment.from != segment.to) out += ".." + format_rate(segment.to);
    if (segment.length) out += (segment.from != segment.to ? " over " : " for ") + format_duration(*segment.length);
  }
  return out;
}

}  // namespace lakh::load

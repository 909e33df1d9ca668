#include "load_progress.hpp"

#include <lakh/load/balance.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <ostream>
#include <utility>

namespace lakh::cli {
namespace {

double share_done(const load::run_progress& now) {
  if (!now.requested || *now.requested == 0) return 0;
  return std::min(1.0, static_cast<double>(now.stats.settled()) / static_cast<double>(*now.requested));
}

// 99.96 % is not 100 %.
std::string percent(double share) {
  return fmt::format("{:.1f} %", std::floor(share * 1000) / 10);
}

std::optional<std::chrono::nanoseconds> time_left(const load::run_progress& now) {
  if (!now.requested || now.rate <= 0 || now.stats.settled() >= *now.requested) return std::nullopt;
  const double seconds = static_cast<double>(*now.requested - now.stats.settled()) / now.rate;
  if (seconds > 86400.0 * 999) return std::nullopt;
  // Whole seconds: the rest would only dance.
  return std::chrono::seconds(std::llround(std::ceil(seconds)));
}

std::string in_seconds(std::chrono::nanoseconds value) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(value).count();
  if (value < std::chrono::seconds(1)) return short_duration(value);
  if (seconds < 100) return fmt::format("{} s", seconds);
  return short_duration(std::chrono::seconds(seconds));
}

struct part {
  std::string text;
  std::size_t width;
};

part make_part(std::string_view name, const std::string& number, const std::string& shown) {
  return {fmt::format("{} {}", name, shown), display_width(name) + 1 + display_width(number)};
}

}  // namespace

std::vector<std::string> bar_lines(const load::run_progress& now, std::size_t columns, const paint& colours,
                                   bool ended) {
  const load::run_stats& stats = now.stats;
  const std::size_t room = std::max<std::size_t>(columns, 20);

  const double share = share_done(now);
  std::string counts = now.requested
                           ? fmt::format("{} / {}", load::grouped(stats.settled()), load::grouped(*now.requested))
                           : fmt::format("{} done", load::grouped(stats.settled()));
  counts = pad_left(counts, now.requested ? 2 * load::grouped(*now.requested).size() + 3 : 0);
  const std::string pace = "  " + pad_left(short_number(now.rate) + "/s", 8);
  const auto left = ended ? std::nullopt : time_left(now);
  const std::string time = left ? in_seconds(*left) + " left" : in_seconds(now.elapsed);
  std::string first;
  if (now.requested) {
    const std::string head = pad_left(percent(share), 7);
    const std::string tail = counts + pace + "  " + pad_left(time, 10);
    const std::size_t fixed = display_width(head) + 2 + 2 + display_width(tail);
    constexpr std::size_t shortest_bar = 8;
    if (fixed + shortest_bar <= room) {
      const std::size_t cells = std::min<std::size_t>(room - fixed, 60);
      const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
      std::string done;
      std::string open;
      for (std::size_t i = 0; i < cells; ++i) (i < full ? done : open) += i < full ? "━" : "─";
      first = colours.bold(head) + "  " + colours.green(done) + colours.dim(open) + "  " + tail;
    } else {
      first = fit(head + "  " + counts + pace + "  " + time, room);
    }
  } else {
    first = fit("  " + counts + pace + "  after " + time, room);
  }

  const auto number = [&](std::string_view name, std::uint64_t value, bool bad) {
    const std::string text = load::grouped(value);
    return make_part(name, text, bad && value != 0 ? colours.red(colours.bold(text)) : text);
  };
  std::vector<part> parts;
  parts.push_back(number("in flight", stats.in_flight, false));
  parts.push_back(number("failed", stats.failed, true));
  parts.push_back(number("unknown", stats.unknown, true));
  parts.push_back(number("retries", stats.retries, false));
  for (const auto& [name, at] : {std::pair("p50", 50.0), std::pair("p99", 99.0)}) {
    const std::string text = stats.latency.empty() ? "–" : short_duration(stats.latency.percentile(at));
    parts.push_back(make_part(name, text, text));
  }
  std::string second = "  ";
  std::size_t used = 2;
  for (const part& one : parts) {
    const std::size_t gap = used == 2 ? 0 : 3;
    if (used + gap + one.width > room) break;
    second += std::string(gap, ' ') + one.text;
    used += gap + one.width;
  }
  return {first, second};
}

std::string plain_line(const load::run_progress& now, bool ended) {
  const load::run_stats& stats = now.stats;
  std::string text = pad_left(in_seconds(now.elapsed), 7) + "  " + load::grouped(stats.settled());
  if (now.requested) text += fmt::format(" of {}  {}", load::grouped(*now.requested), percent(share_done(now)));
  text += fmt::format("  {}/s  in flight {}", short_number(now.rate), load::grouped(stats.in_flight));
  if (!stats.latency.empty())
    text += fmt::format("  p50 {}  p99 {}", short_duration(stats.latency.percentile(50)),
                        short_duration(stats.latency.percentile(99)));
  text += fmt::format("  retries {}  failed {}  unknown {}", load::grouped(stats.retries), load::grouped(stats.failed),
                      load::grouped(stats.unknown));
  if (const auto left = time_left(now); left && !ended) text += "  left " + in_seconds(*left);
  return text;
}

std::string json_line(const load::run_progress& now) {
  const load::run_stats& stats = now.stats;
  const auto ms = [](std::chrono::microseconds value) { return static_cast<double>(value.count()) / 1000; };
  return fmt::format(
      R"({{"type":"progress","seconds":{:.3f},"requested":{},"settled":{},"confirmed":{},"failed":{},"unknown":{},)"
      R"("in_flight":{},"attempts":{},"retries":{},"rate":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f}}})",
      std::chrono::duration<double>(now.elapsed).count(), now.requested ? std::to_string(*now.requested) : "null",
      stats.settled(), stats.confirmed, stats.failed, stats.unknown, stats.in_flight, stats.attempts, stats.retries,
      now.rate, ms(stats.latency.percentile(50)), ms(stats.latency.percentile(99)));
}

std::string live_display::go_up(std::size_t columns) const {
  std::size_t rows = 0;
  for (const std::string& line : shown_)
    rows += std::max<std::size_t>(1, (display_width(line) + columns - 1) / columns);
  return rows < 2 ? "\r" : fmt::format("\r\x1b[{}A", rows - 1);
}

void live_display::show(const std::vector<std::string>& lines, std::size_t columns) {
  columns_ = std::max<std::size_t>(columns, 1);
  std::string text;
  if (!open_) text += "\x1b[?25l";
  open_ = true;
  text += go_up(columns_);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i != 0) text += '\n';
    text += lines[i] + "\x1b[K";
  }
  // What is left below of more lines, or of wrapped ones.
  text += "\x1b[J";
  shown_ = lines;
  to_ << text << std::flush;
}

void live_display::say(const std::string& line) {
  if (shown_.empty()) {
    to_ << line + "\n" << std::flush;
    return;
  }
  const std::vector<std::string> again = shown_;
  to_ << go_up(columns_) + "\x1b[J" + line + "\n" << std::flush;
  shown_.clear();
  show(again, columns_);
}

void live_display::close() {
  if (!open_) return;
  open_ = false;
  shown_.clear();
  to_ << "\n\x1b[?25h" << std::flush;
}

}  // namespace lakh::cli

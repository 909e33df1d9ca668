#include <lakh/load/report_curves.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace lakh::load {
namespace {

// More are not seen in the width that a chart has, and the fewer items a bucket has, the more it says of chance.
constexpr std::size_t most_points = 120;       // of half a page
constexpr std::size_t most_points_wide = 240;  // of the whole
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::string axis_number(double value) {
  if (value >= 1e6) return fmt::format("{:.6g} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.6g} k", value / 1e3);
  return fmt::format("{:.6g}", value);
}

std::string axis_duration(double us) {
  if (us >= 60e6) return us < 7200e6 ? fmt::format("{:.4g} min", us / 60e6) : fmt::format("{:.4g} h", us / 3600e6);
  if (us >= 1e6) return fmt::format("{:.4g} s", us / 1e6);
  if (us >= 1e3) return fmt::format("{:.4g} ms", us / 1e3);
  return us == 0 ? "0" : fmt::format("{:.4g} µs", us);
}

std::string seconds_text(double seconds, std::int64_t width) {
  if (seconds >= 120) {
    const auto whole = static_cast<std::uint64_t>(seconds);
    if (whole >= 7200) return fmt::format("{} h {:02} min {:02} s", whole / 3600, whole / 60 % 60, whole % 60);
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  const int digits = width >= 1'000'000 ? 0 : width >= 100'000 ? 1 : width >= 10'000 ? 2 : 3;
  return fmt::format("{:.{}f} s", seconds, digits);
}

double end_seconds(const time_series& series) {
  return std::max(static_cast<double>(series.end()), 1.0) / 1e6;
}

// The axis of time: where each bucket begins, between 0 and the end.
void lay_time(chart& drawn, std::size_t buckets, std::int64_t width, double end) {
  for (std::size_t i = 0; i < buckets; ++i) {
    const double begin = static_cast<double>(i) * static_cast<double>(width) / 1e6;
    drawn.x.push_back(std::min(begin / end, 1.0));
    drawn.x_texts.push_back(seconds_text(begin, width));
  }
  drawn.x_name = "Time";
  drawn.x_ticks = time_ticks(end);
}

void mark_sessions(chart& drawn, const run_report& run, double end) {
  constexpr std::size_t most_marks = 12;
  if (run.sessions.size() > most_marks + 1) return;
  for (std::size_t i = 1; i < run.sessions.size(); ++i) {
    const report_session& one = run.sessions[i];
    std::string text = run.sessions.size() > 5 ? std::string() : "resumed";
    if (one.idle_before >= 1 && !text.empty()) text += " after " + duration_text(one.idle_before * 1e6);
    drawn.marks.push_back({std::min(one.at / end, 1.0), std::move(text)});
  }
}

std::size_t peak_of(const std::vector<double>& values) {
  return static_cast<std::size_t>(
      std::ranges::max_element(values,
                               [](double a, double b) { return (std::isnan(a) ? -1 : a) < (std::isnan(b) ? -1 : b); }) -
      values.begin());
}

// Buckets in which next to nothing ended say nothing of a percentile; they are drawn all the same, as what they are.
void add_percentiles(chart& drawn, const time_series& series, std::span<const std::pair<const char*, double>> which,
                     std::span<const std::string_view> colours) {
  for (std::size_t k = 0; k < which.size(); ++k) {
    chart_series& one = drawn.series.emplace_back();
    one.name = which[k].first;
    one.colour = colours[k];
    for (const series_bucket& bucket : series.buckets())
      one.values.push_back(
          bucket.latency.count() == 0 ? nothing : static_cast<double>(bucket.latency.percentile(which[k].second)));
  }
}

// A scale by decades where the values lie far apart.
void choose_scale(chart& drawn) {
  double low = std::numeric_limits<double>::max();
  double high = 0;
  for (const chart_series& one : drawn.series)
    for (const double value : one.values)
      if (value > 0) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  drawn.log_y = high > 40 * low;
}

// Where p percent lies on an axis that gives each nine the same room.
double nines(double percent, double most) {
  return std::min(-std::log10(1 - percent / 100) / most, 1.0);
}

struct percentile_axis {
  double most = 1;  // nines
  std::vector<double> percents;
};

percentile_axis axis_for(std::uint64_t count) {
  percentile_axis axis;
  // The last point that means something: all but one.
  axis.most = std::clamp(std::log10(static_cast<double>(std::max<std::uint64_t>(count, 10))), 1.0, 7.0);
  constexpr int points = 72;
  for (int i = 0; i < points; ++i) axis.percents.push_back(100 * (1 - std::pow(10, -axis.most * i / points)));
  axis.percents.push_back(100);
  return axis;
}

void lay_percentiles(chart& drawn, const percentile_axis& axis) {
  drawn.x_name = "Percentile";
  for (const double percent : axis.percents) {
    drawn.x.push_back(percent >= 100 ? 1.0 : nines(percent, axis.most));
    const double left = 100 - percent;
    const int digits = left >= 10 || percent >= 100 ? 1 : left >= 1 ? 1 : left >= 0.1 ? 2 : left >= 0.01 ? 3 : 5;
    drawn.x_texts.push_back(percent >= 100 ? "slowest" : fmt::format("p{:.{}f}", percent, digits));
  }
  constexpr std::array<std::pair<const char*, double>, 9> ticks{{{"0", 0},
                                                                 {"p50", 50},
                                                                 {"p75", 75},
                                                                 {"p90", 90},
                                                                 {"p99", 99},
                                                                 {"p99.9", 99.9},
                                                                 {"p99.99", 99.99},
                                                                 {"p99.999", 99.999},
                                                                 {"p99.9999", 99.9999}}};
  for (const auto& [text, percent] : ticks)
    if (-std::log10(1 - percent / 100) <= axis.most + 1e-6)
      drawn.x_ticks.push_back({nines(percent, axis.most), text,
                               percent == 75 || (percent == 50 && axis.most > 3.5) ||
                                   (percent > 99.95 && percent < 99.995 && axis.most >= 5)});
}

void add_curve(chart& drawn, const percentile_axis& axis, const histogram& values, std::string name,
               std::string_view colour, bool dashed) {
  if (values.empty()) return;
  chart_series& one = drawn.series.emplace_back();
  one.name = std::move(name);
  one.colour = colour;
  one.dashed = dashed;
  for (const double percent : axis.percents)
    one.values.push_back(static_cast<double>(values.percentile(percent).count()));
}

chart durations_chart(std::string id) {
  chart drawn;
  drawn.id = std::move(id);
  drawn.y_text = axis_duration;
  drawn.cell = duration_text;
  return drawn;
}

std::string rate_cell(double value) {
  return number_text(value) + "/s";
}

// All runs in buckets of one width.
std::vector<time_series> aligned(std::span<const run_report> runs) {
  std::vector<time_series> all;
  std::int64_t width = 0;
  for (const run_report& run : runs) {
    all.push_back(run.series.coarser(most_points_wide));
    width = std::max(width, all.back().width());
  }
  for (time_series& one : all) one = one.coarser(most_points_wide, width);
  return all;
}

struct common_time {
  std::int64_t width = 1;
  std::size_t buckets = 0;
  double end = 1e-6;
};

common_time common(std::span<const time_series> all) {
  common_time time;
  for (const time_series& one : all) {
    time.width = one.width();
    time.buckets = std::max(time.buckets, one.buckets().size());
    time.end = std::max(time.end, end_seconds(one));
  }
  return time;
}

}  // namespace

std::string_view run_colour(std::size_t index) noexcept {
  static constexpr std::array<std::string_view, most_runs> names{
      {"run1", "run2", "run3", "run4", "run5", "run6", "run7", "run8"}};
  return names[index % names.size()];
}

chart rate_chart(const run_report& run) {
  const time_series series = run.series.coarser(most_points);
  chart drawn;
  drawn.id = "rate";
  drawn.caption = "Items per second over time, by outcome";
  drawn.form = chart_form::areas;
  drawn.y_text = axis_number;
  drawn.cell = rate_cell;
  const double end = end_seconds(series);
  lay_time(drawn, series.buckets().size(), series.width(), end);
  mark_sessions(drawn, run, end);
  std::vector<double> sums;
  const auto add = [&](const char* name, std::string_view colour, std::uint64_t series_bucket::* part) {
    chart_series one;
    one.name = name;
    one.colour = colour;
    bool any = part == &series_bucket::confirmed;
    sums.resize(series.buckets().size());
    for (std::size_t i = 0; i < series.buckets().size(); ++i) {
      const std::uint64_t items = series.buckets()[i].*part;
      any = any || items != 0;
      one.values.push_back(static_cast<double>(items) / series.seconds(i));
      sums[i] += one.values.back();
    }
    if (any) drawn.series.push_back(std::move(one));
  };
  add("confirmed", "ok", &series_bucket::confirmed);
  add("failed", "bad", &series_bucket::failed);
  add("unknown", "odd", &series_bucket::unknown);
  if (!sums.empty()) {
    const std::size_t peak = peak_of(sums);
    drawn.says = fmt::format("Rate over time: {} a second over the whole run, at most {} a second, at {}.",
                             number_text(run.rate()), number_text(sums[peak]), drawn.x_texts[peak]);
  }
  return drawn;
}

chart latency_chart(const run_report& run) {
  const time_series series = run.series.coarser(most_points);
  chart drawn = durations_chart("latency");
  drawn.caption = "Latency over time, from the intended start";
  drawn.form = chart_form::steps;
  const double end = end_seconds(series);
  lay_time(drawn, series.buckets().size(), series.width(), end);
  mark_sessions(drawn, run, end);
  constexpr std::array<std::pair<const char*, double>, 2> which{{{"p99", 99}, {"p50", 50}}};
  constexpr std::array<std::string_view, 2> colours{{"p99", "p50"}};
  add_percentiles(drawn, series, which, colours);
  choose_scale(drawn);
  if (!drawn.x.empty()) {
    const std::size_t worst = peak_of(drawn.series.front().values);
    drawn.says =
        fmt::format("Latency over time: the median of the run is {}, its p99 {}; the p99 was highest at {}, {}.",
                    duration_text(static_cast<double>(run.latency.percentile(50).count())),
                    duration_text(static_cast<double>(run.latency.percentile(99).count())), drawn.x_texts[worst],
                    duration_text(drawn.series.front().values[worst]));
  }
  return drawn;
}

chart percentile_chart(const run_report& run) {
  chart drawn = durations_chart("percentiles");
  drawn.caption = "Latency by percentile";
  const percentile_axis axis = axis_for(std::max(run.latency.count(), run.service.count()));
  lay_percentiles(drawn, axis);
  add_curve(drawn, axis, run.latency, "from the intended start", "p99", false);
  add_curve(drawn, axis, run.service, "from the send", "p50", true);
  choose_scale(drawn);
  drawn.says =
      fmt::format("Latency by percentile from the intended start: half within {}, 99 percent within {}, all within {}.",
                  duration_text(static_cast<double>(run.latency.percentile(50).count())),
                  duration_text(static_cast<double>(run.latency.percentile(99).count())),
                  duration_text(static_cast<double>(run.latency.max().count())));
  return drawn;
}

chart rates_chart(std::span<const run_report> runs, std::span<const std::string> names) {
  const std::vector<time_series> all = aligned(runs);
  const common_time time = common(all);
  chart drawn;
  drawn.id = "rate";
  drawn.caption = "Items per second over time, of each run from its beginning";
  drawn.says = "Rate over time, one line for each run; the figures stand in the table below.";
  drawn.form = chart_form::steps;
  drawn.y_text = axis_number;
  drawn.cell = rate_cell;
  lay_time(drawn, time.buckets, time.width, time.end);
  for (std::size_t k = 0; k < all.size(); ++k) {
    chart_series& one = drawn.series.emplace_back();
    one.name = names[k];
    one.colour = run_colour(k);
    for (std::size_t i = 0; i < time.buckets; ++i)
      one.values.push_back(
          i < all[k].buckets().size() ? static_cast<double>(all[k].buckets()[i].ended()) / all[k].seconds(i) : nothing);
  }
  return drawn;
}

chart latencies_chart(std::span<const run_report> runs, std::span<const std::string> names) {
  const std::vector<time_series> all = aligned(runs);
  const common_time time = common(all);
  chart drawn = durations_chart("latency");
  drawn.caption = "p99 of the latency over time, from the intended start, of each run from its beginning";
  drawn.says = "The p99 of the latency over time, one line for each run; the figures stand in the table below.";
  drawn.form = chart_form::steps;
  lay_time(drawn, time.buckets, time.width, time.end);
  for (std::size_t k = 0; k < all.size(); ++k) {
    chart_series& one = drawn.series.emplace_back();
    one.name = names[k];
    one.colour = run_colour(k);
    for (std::size_t i = 0; i < time.buckets; ++i) {
      const bool there = i < all[k].buckets().size() && all[k].buckets()[i].latency.count() != 0;
      one.values.push_back(there ? static_cast<double>(all[k].buckets()[i].latency.percentile(99)) : nothing);
    }
  }
  choose_scale(drawn);
  return drawn;
}

chart percentiles_chart(std::span<const run_report> runs, std::span<const std::string> names) {
  chart drawn = durations_chart("percentiles");
  drawn.caption = "Latency by percentile, from the intended start";
  drawn.says = "Latency by percentile, one line for each run; the figures stand in the table below.";
  std::uint64_t most = 0;
  for (const run_report& run : runs) most = std::max(most, run.latency.count());
  const percentile_axis axis = axis_for(most);
  lay_percentiles(drawn, axis);
  for (std::size_t k = 0; k < runs.size(); ++k) add_curve(drawn, axis, runs[k].latency, names[k], run_colour(k), false);
  choose_scale(drawn);
  return drawn;
}

}  // namespace lakh::load

#include <lakh/load/report_chart.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

namespace lakh::load {
namespace {

// The drawing's own coordinates; the page stretches them.
constexpr double wide = 1000;
constexpr double high = 300;

// From a value to its height in the drawing, with the labels of the axis.
struct y_axis {
  bool log = false;
  double low = 0;
  double top = 1;
  std::vector<double> ticks;

  [[nodiscard]] double share(double value) const {
    if (!log) return std::clamp(value / top, 0.0, 1.0);
    return std::clamp((std::log(std::max(value, low)) - std::log(low)) / (std::log(top) - std::log(low)), 0.0, 1.0);
  }
  [[nodiscard]] double y(double value) const { return high * (1 - share(value)); }
};

// Sums where areas stand on one another.
double highest_of(const chart& drawn) {
  double highest = 0;
  for (std::size_t i = 0; i < drawn.x.size(); ++i) {
    double sum = 0;
    for (const chart_series& one : drawn.series) {
      const double value = std::isnan(one.values[i]) ? 0 : one.values[i];
      sum = drawn.form == chart_form::areas ? sum + value : std::max(sum, value);
    }
    highest = std::max(highest, sum);
  }
  return highest;
}

double lowest_of(const chart& drawn) {
  double lowest = std::numeric_limits<double>::max();
  for (const chart_series& one : drawn.series)
    for (const double value : one.values)
      if (value > 0) lowest = std::min(lowest, value);
  return lowest;
}

y_axis axis_of(const chart& drawn) {
  y_axis axis;
  const double highest = highest_of(drawn);
  if (!drawn.log_y || highest <= 0) {
    axis.ticks = round_ticks(highest);
    axis.top = axis.ticks.back();
    return axis;
  }
  axis.log = true;
  // A little room below and above, and at least a decade.
  axis.top = highest * 1.15;
  axis.low = std::min(lowest_of(drawn) / 1.25, axis.top / 10);
  const double decades = std::log10(axis.top / axis.low);
  for (double decade = std::pow(10, std::floor(std::log10(axis.low) + 1e-9)); decade <= axis.top * 1.001; decade *= 10)
    for (const double part : {1.0, 2.0, 5.0}) {
      if (part != 1.0 && (decades > 3.2 || (part == 2.0 && decades > 2.4))) continue;
      const double value = decade * part;
      if (value >= axis.low * 0.999 && value <= axis.top * 1.001) axis.ticks.push_back(value);
    }
  return axis;
}

void point(std::string& out, char command, double x, double y) {
  fmt::format_to(std::back_inserter(out), "{}{:.1f} {:.1f}", command, x * wide, y);
}

// Where point i ends: where the next begins.
double end_of(const chart& drawn, std::size_t i) {
  return i + 1 < drawn.x.size() ? drawn.x[i + 1] : 1.0;
}

void append_line(std::string& out, const chart& drawn, const chart_series& one, const y_axis& axis) {
  std::string path;
  bool broken = true;
  for (std::size_t i = 0; i < drawn.x.size(); ++i) {
    if (std::isnan(one.values[i])) {
      broken = true;
      continue;
    }
    const double y = axis.y(one.values[i]);
    point(path, broken ? 'M' : 'L', drawn.x[i], y);
    if (drawn.form == chart_form::steps || (broken && (i + 1 == drawn.x.size() || std::isnan(one.values[i + 1]))))
      point(path, 'L', end_of(drawn, i), y);
    broken = false;
  }
  if (path.empty()) return;
  fmt::format_to(std::back_inserter(out), R"(<path class="line {}{}" d="{}"/>)", one.colour,
                 one.dashed ? " dashed" : "", path);
}

void append_areas(std::string& out, const chart& drawn, const y_axis& axis) {
  std::vector<double> below(drawn.x.size(), 0);
  for (const chart_series& one : drawn.series) {
    std::string upper;
    std::string lower;
    bool any = false;
    for (std::size_t i = 0; i < drawn.x.size(); ++i) {
      const double value = std::isnan(one.values[i]) ? 0 : one.values[i];
      any = any || value > 0;
      // Steps that go on at the same height are one.
      const double y = axis.y(below[i] + value);
      point(upper, i == 0 ? 'M' : 'L', drawn.x[i], y);
      point(upper, 'L', end_of(drawn, i), y);
    }
    for (std::size_t i = drawn.x.size(); i-- > 0;) {
      const double y = axis.y(below[i]);
      point(lower, 'L', end_of(drawn, i), y);
      point(lower, 'L', drawn.x[i], y);
    }
    for (std::size_t i = 0; i < drawn.x.size(); ++i)
      if (!std::isnan(one.values[i])) below[i] += one.values[i];
    if (any) fmt::format_to(std::back_inserter(out), R"(<path class="area {}" d="{}{}Z"/>)", one.colour, upper, lower);
  }
}

void append_drawing(std::string& out, const chart& drawn, const y_axis& axis) {
  out += R"(<svg viewBox="0 0 1000 300" preserveAspectRatio="none" aria-hidden="true" focusable="false">)";
  for (const double tick : axis.ticks)
    if (axis.log || tick > 0)
      fmt::format_to(std::back_inserter(out), R"(<path class="grid" d="M0 {:.1f}H1000"/>)", axis.y(tick));
  out += R"(<path class="base" d="M0 300H1000"/>)";
  for (const chart_mark& mark : drawn.marks)
    fmt::format_to(std::back_inserter(out), R"(<path class="mark" d="M{:.1f} 0V300"/>)", mark.at * wide);
  if (drawn.form == chart_form::areas)
    append_areas(out, drawn, axis);
  else
    for (const chart_series& one : drawn.series) append_line(out, drawn, one, axis);
  out += "</svg>";
}

void append_legend(std::string& out, const chart& drawn) {
  out += R"(<ul class="legend" aria-hidden="true">)";
  for (const chart_series& one : drawn.series)
    fmt::format_to(std::back_inserter(out), R"(<li><i class="{} {}{}"></i>{}</li>)",
                   drawn.form == chart_form::areas ? "box" : "stroke", one.colour, one.dashed ? " dashed" : "",
                   html(one.name));
  out += "</ul>";
}

void append_table(std::string& out, const chart& drawn) {
  fmt::format_to(
      std::back_inserter(out),
      R"(<details class="figures"><summary>The figures as a table</summary><div class="scroll" tabindex="0" )"
      R"(role="region" aria-label="{0}"><table id="{1}-t"><caption>{0}</caption><thead><tr><th scope="col">{2}</th>)",
      html(drawn.caption), drawn.id, html(drawn.x_name));
  for (const chart_series& one : drawn.series)
    fmt::format_to(std::back_inserter(out), R"(<th scope="col">{}</th>)", html(one.name));
  out += "</tr></thead><tbody>";
  for (std::size_t i = 0; i < drawn.x.size(); ++i) {
    fmt::format_to(std::back_inserter(out), R"(<tr data-x="{:.4f}"><th scope="row">{}</th>)",
                   drawn.form == chart_form::lines ? drawn.x[i] : (drawn.x[i] + end_of(drawn, i)) / 2,
                   html(drawn.x_texts[i]));
    for (const chart_series& one : drawn.series) {
      out += "<td>";
      out += std::isnan(one.values[i]) ? "–" : html(drawn.cell(one.values[i]));
      out += "</td>";
    }
    out += "</tr>";
  }
  out += "</tbody></table></div></details>";
}

}  // namespace

std::vector<double> round_ticks(double highest, std::size_t about) {
  if (!(highest > 0)) return {0, 1};
  const double raw = highest / static_cast<double>(std::max<std::size_t>(about, 1));
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double part : {1.0, 2.0, 2.5, 5.0})
    if (raw <= part * power * 1.0001) {
      step = part * power;
      break;
    }
  std::vector<double> ticks;
  for (std::size_t i = 0;; ++i) {
    ticks.push_back(static_cast<double>(i) * step);
    if (ticks.back() >= highest * 0.9999) return ticks;
  }
}

std::vector<chart_tick> time_ticks(double seconds) {
  static constexpr std::array<double, 30> steps{
      {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,  0.2,  0.5,   1,     2,     5,     10,     15,     30,
       60,    120,   300,   600,  900,  1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000}};
  double step = steps.back();
  for (const double one : steps)
    if (seconds / one <= 8) {
      step = one;
      break;
    }
  while (seconds / step > 12) step *= 2;
  const auto text = [step](double at) {
    if (at == 0) return std::string("0");
    if (step < 1) return fmt::format("{:.6g} s", at);
    if (step < 60) {
      const auto whole = static_cast<std::uint64_t>(std::llround(at));
      return whole < 120 ? fmt::format("{} s", whole) : fmt::format("{}:{:02}", whole / 60, whole % 60);
    }
    const auto minutes = static_cast<std::uint64_t>(std::llround(at / 60));
    if (minutes < 120 && step < 3600) return fmt::format("{} min", minutes);
    if (minutes % 60 == 0) return fmt::format("{} h", minutes / 60);
    return fmt::format("{} h {:02}", minutes / 60, minutes % 60);
  };
  std::vector<chart_tick> ticks;
  for (std::size_t i = 0; static_cast<double>(i) * step <= seconds * 1.0001; ++i) {
    const double at = static_cast<double>(i) * step;
    ticks.push_back({seconds > 0 ? at / seconds : 0, text(at), i % 2 == 1});
    if (!(seconds > 0)) break;
  }
  return ticks;
}

void append_chart(std::string& out, const chart& drawn) {
  const y_axis axis = axis_of(drawn);
  fmt::format_to(std::back_inserter(out), R"(<figure class="chart" id="{}">)", drawn.id);
  append_legend(out, drawn);
  fmt::format_to(std::back_inserter(out), R"(<div class="frame"><div class="ys" aria-hidden="true">)");
  for (const double tick : axis.ticks)
    fmt::format_to(std::back_inserter(out), R"(<span style="bottom:{:.2f}%">{}</span>)", 100 * axis.share(tick),
                   html(drawn.y_text(tick)));
  fmt::format_to(std::back_inserter(out), R"(</div><div class="plot" role="img" aria-label="{}" data-for="{}-t">)",
                 html(drawn.says), drawn.id);
  append_drawing(out, drawn, axis);
  for (const chart_mark& mark : drawn.marks)
    fmt::format_to(std::back_inserter(out),
                   R"(<span class="marktext{}" style="left:{:.2f}%" aria-hidden="true">{}</span>)",
                   mark.at > 0.75 ? " left" : "", 100 * mark.at, html(mark.text));
  out += R"(</div><div class="xs" aria-hidden="true">)";
  for (const chart_tick& tick : drawn.x_ticks)
    fmt::format_to(std::back_inserter(out), R"(<span{} style="left:{:.2f}%">{}</span>)",
                   tick.minor ? R"( class="minor")" : "", 100 * tick.at, html(tick.text));
  out += "</div></div>";
  append_table(out, drawn);
  out += "</figure>";
}

}  // namespace lakh::load

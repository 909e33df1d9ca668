// A chart as HTML: the drawing as inline SVG that stretches with the page, the words beside it as text that does not,
// and the same figures as a table, for those who listen, for print on demand, and for the read-outs under the pointer.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

struct chart_tick {
  double at = 0;  // 0 … 1 along the axis
  std::string text;
  bool minor = false;  // left out where room is short
};

struct chart_series {
  std::string name;         // plain text
  std::string_view colour;  // the name of a colour of report_style.cpp: "ok", "p99", "run2"
  bool dashed = false;
  std::vector<double> values;  // one for each point; NaN where there is none
};

struct chart_mark {
  double at = 0;
  std::string text;
};

enum class chart_form : unsigned char {
  lines,  // through the points
  steps,  // a line that holds each value over the point's width
  areas,  // steps, filled, one on another
};

struct chart {
  std::string id;       // unique on the page, letters and digits
  std::string caption;  // for the table, and for those who listen
  std::string says;     // what a person sees in it, in a sentence
  std::string x_name;
  chart_form form = chart_form::lines;
  bool log_y = false;
  std::vector<double> x;  // of the points, 0 … 1, ascending; for steps where each begins
  std::vector<std::string> x_texts;
  std::vector<chart_tick> x_ticks;
  std::vector<chart_series> series;
  std::vector<chart_mark> marks;
  std::function<std::string(double)> y_text;  // an axis label, short
  std::function<std::string(double)> cell;    // a value in the table
};

void append_chart(std::string& out, const chart& drawn);

// Ticks at round values from 0 to at least `highest`; the last one is the top of the axis.
std::vector<double> round_ticks(double highest, std::size_t about = 4);
// Times from 0 to `seconds` at round moments.
std::vector<chart_tick> time_ticks(double seconds);

}  // namespace lakh::load

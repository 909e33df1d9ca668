#include <lakh/core/text.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/comparison.hpp>

#include <fmt/format.h>

#include <iterator>

namespace lakh::load {
namespace {

template <typename... Args> void put(std::string& out, fmt::format_string<Args...> form, Args&&... args) {
  fmt::format_to(std::back_inserter(out), form, std::forward<Args>(args)...);
}

// Units as the names of members say them: milliseconds for what value_of() gives in µs, but for processor time.
double in_units(double value, figure which) noexcept {
  return which == figure::p50 || which == figure::p99 ? value / 1e3 : which == figure::wall ? value / 1e6 : value;
}

void append_spread(std::string& out, const std::optional<spread>& one, figure which) {
  if (!one) {
    out += "null";
    return;
  }
  put(out, R"({{"median":{:.3f},"least":{:.3f},"most":{:.3f}}})", in_units(one->median, which),
      in_units(one->least, which), in_units(one->most, which));
}

void append_text_or_null(std::string& out, std::string_view text) {
  if (text.empty())
    out += "null";
  else
    append_json_string(out, text);
}

void append_run(std::string& out, const shape_run& run) {
  put(out, R"({{"round":{},"run":)", run.round);
  append_text_or_null(out, run.run_id);
  put(out, R"(,"exit_code":{},"counts":{},"problem":)", run.exit_code, run.counts());
  append_text_or_null(out, run.problem);
  put(out, R"(,"balance":{},"seconds":{:.6f},"rate":{:.3f},"user_seconds":{:.6f},"system_seconds":{:.6f},)",
      run.result.json(), run.seconds, value_of(run, figure::rate), run.user_seconds, run.system_seconds);
  put(out, R"("peak_bytes":{},"voluntary_switches":{},"involuntary_switches":{},"p50_ms":{:.3f},"p99_ms":{:.3f}}})",
      run.peak_bytes, run.voluntary_switches, run.involuntary_switches, run.p50_us / 1e3, run.p99_us / 1e3);
}

void append_texts(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const std::string& text : texts) {
    if (out.back() != '[') out += ',';
    append_json_string(out, text);
  }
  out += ']';
}

}  // namespace

std::string comparison_json(const comparison& all, std::string_view written_at) {
  std::string out = R"({"format":1,"written_at":)";
  append_json_string(out, written_at);
  put(out, R"(,"written_by":"lakh {}","began_at":)", version);
  append_json_string(out, all.began_at);
  out += R"(,"title":)";
  append_json_string(out, all.title);
  out += R"(,"target":)";
  append_json_string(out, all.target);
  put(out, R"(,"processors":{},"rounds":{},"ledger":{},"cut_short":{},"shapes":[)", all.processors, all.rounds,
      all.ledger, all.cut_short);
  for (std::size_t i = 0; i < all.shapes.size(); ++i) {
    const compared_shape& shape = all.shapes[i];
    if (i != 0) out += ',';
    out += R"({"shape":)";
    append_json_string(out, shape.name);
    put(out, R"(,"lanes":{},"items":{},"fewer_items":{},"counted":{},"figures":{{)", shape.lanes,
        shape.items ? std::to_string(*shape.items) : "null", shape.fewer, shape.counted());
    for (const figure_words& one : figures) {
      put(out, R"("{}":)", one.member);
      append_spread(out, spread_of(shape, one.which), one.which);
      out += ',';
    }
    out += R"("rate_ratio":)";
    append_spread(out, rate_ratio(all, i), figure::rate);
    out += R"(},"runs":[)";
    for (const shape_run& run : shape.runs) {
      if (out.back() != '[') out += ',';
      append_run(out, run);
    }
    out += "]}";
  }
  out += R"(],"findings":)";
  append_texts(out, findings(all));
  out += R"(,"caveats":)";
  append_texts(out, caveats(all));
  return out + "}";
}

}  // namespace lakh::load

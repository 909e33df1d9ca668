#include <lakh/core/text.hpp>
#include <lakh/core/version.hpp>
#include <lakh/load/report_formats.hpp>

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace lakh::load {
namespace {

// An object or array that puts the commas.
class json_out {
 public:
  explicit json_out(std::string& out) : out_(out) {}

  void open(std::string_view name, char bracket) {
    key(name);
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void text(std::string_view name, std::string_view value) {
    key(name);
    string(value);
  }
  void text_or_null(std::string_view name, std::string_view value) {
    key(name);
    if (value.empty())
      out_ += "null";
    else
      string(value);
  }
  void number(std::string_view name, std::uint64_t value) {
    key(name);
    append_number(out_, value);
  }
  void real(std::string_view name, double value, int digits = 6) {
    key(name);
    fmt::format_to(std::back_inserter(out_), "{:.{}f}", value, digits);
  }
  void boolean(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
  void raw(std::string_view name, std::string_view value) {
    key(name);
    out_ += value;
  }

 private:
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    if (name.empty()) return;
    string(name);
    out_ += ':';
  }
  void string(std::string_view value) {
    if (is_utf8(value)) {
      append_json_string(out_, value);
      return;
    }
    std::string clean;
    for (const char c : value) clean += static_cast<unsigned char>(c) < 0x80 ? c : '?';
    append_json_string(out_, clean);
  }

  std::string& out_;
  bool first_ = true;
};

double ms(double microseconds) {
  return microseconds / 1000;
}

void put_latency(json_out& out, std::string_view name, const histogram& values) {
  static constexpr std::array<std::pair<std::string_view, double>, 7> percentiles{
      {{"p50", 50}, {"p75", 75}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}}};
  out.open(name, '{');
  out.number("count", values.count());
  out.real("min", ms(static_cast<double>(values.min().count())), 3);
  out.real("mean", ms(values.mean()), 3);
  for (const auto& [key, percent] : percentiles)
    out.real(key, ms(static_cast<double>(values.percentile(percent).count())), 3);
  out.real("max", ms(static_cast<double>(values.max().count())), 3);
  out.close('}');
}

void put_series(json_out& out, const run_report& run) {
  out.open("series", '{');
  out.real("bucket_seconds", static_cast<double>(run.series.width()) / 1e6);
  out.open("buckets", '[');
  for (std::size_t i = 0; i < run.series.buckets().size(); ++i) {
    const series_bucket& one = run.series.buckets()[i];
    out.open({}, '{');
    out.real("at", static_cast<double>(i) * static_cast<double>(run.series.width()) / 1e6, 3);
    out.number("started", one.started);
    out.number("confirmed", one.confirmed);
    out.number("failed", one.failed);
    out.number("unknown", one.unknown);
    if (one.latency.count() == 0) {
      out.raw("p50_ms", "null");
      out.raw("p99_ms", "null");
    } else {
      out.real("p50_ms", ms(static_cast<double>(one.latency.percentile(50))), 3);
      out.real("p99_ms", ms(static_cast<double>(one.latency.percentile(99))), 3);
    }
    out.close('}');
  }
  out.close(']');
  out.close('}');
}

void put_reconciliation(json_out& out, const run_report& run) {
  if (!run.reconciled) {
    out.raw("reconciliation", "null");
  } else {
    const reconciliation& both = *run.reconciled;
    out.open("reconciliation", '{');
    out.boolean("clean", both.clean());
    out.number("listed", both.listed);
    out.number("matched", both.matched);
    out.number("missing", both.missing);
    out.number("duplicate", both.duplicate);
    out.number("altered", both.altered);
    out.number("unexpected", both.unexpected);
    out.number("settled", both.settled);
    out.boolean("digests_compared", both.digests_compared);
    out.open("examples", '[');
    for (const std::string& one : both.examples) out.text({}, one);
    out.close(']');
    out.close('}');
  }
  out.text_or_null("reconciliation_problem", run.reconcile_problem);
}

void put_run(json_out& out, const run_report& run) {
  out.open({}, '{');
  out.text("run", run.info.run_id);
  out.text("title", run.info.title);
  out.text("target", run.info.target);
  out.text_or_null("state", run.state);
  out.text_or_null("started_at", run.info.started_at);
  out.text_or_null("ended_at", run.info.ended_at);
  out.text_or_null("plan_digest", run.info.plan_digest);
  out.text_or_null("receipt_digest", run.receipt_digest);
  out.text_or_null("lakh_version", run.info.lakh_version);
  out.raw("balance", run.result.json());
  out.real("seconds", run.seconds);
  out.real("rate", run.rate(), 3);
  out.number("attempts", run.attempts);
  out.number("retries", run.retries);
  out.open("latency_ms", '{');
  put_latency(out, "from_start", run.latency);
  put_latency(out, "from_send", run.service);
  out.close('}');
  out.open("statuses", '{');
  for (const auto& [status, items] : run.items_by_status) out.number(std::to_string(status), items);
  out.close('}');
  out.text("codes", name(run.info.codes));
  out.number("unanswered", run.items_unanswered);
  out.open("attempts_of_items", '{');
  for (const auto& [attempts, items] : run.items_by_attempts) out.number(std::to_string(attempts), items);
  out.close('}');
  out.open("problems", '[');
  for (const report_problem& one : run.problems) {
    out.open({}, '{');
    out.text("kind", one.kind == error_kind::none ? std::string_view("answer") : name(one.kind));
    out.number("status", one.status);
    out.number("failed", one.failed);
    out.number("unknown", one.unknown);
    out.number("example_item", one.example_item);
    out.text("example_reason", one.example_reason);
    out.close('}');
  }
  out.close(']');
  put_reconciliation(out, run);
  out.open("limits", '[');
  for (const limit_verdict& one : run.limits) {
    out.open({}, '{');
    out.text("limit", one.text);
    out.boolean("holds", one.holds);
    out.text("measured", one.actual);
    out.close('}');
  }
  out.close(']');
  out.open("sessions", '[');
  for (const report_session& one : run.sessions) {
    out.open({}, '{');
    out.number("session", one.number);
    out.text_or_null("began_at", one.began_at);
    out.text_or_null("last_written_at", one.ended_at);
    out.boolean("closed", one.closed);
    out.number("items", one.items);
    out.real("at", one.at);
    out.real("idle_before", one.idle_before);
    out.close('}');
  }
  out.close(']');
  put_series(out, run);
  out.close('}');
}

}  // namespace

std::string report_json(std::span<const run_report> runs, std::string_view written_at) {
  std::string text;
  json_out out(text);
  out.open({}, '{');
  out.number("format", 1);
  out.text("written_at", written_at);
  out.text("written_by", "lakh " + std::string(version));
  out.open("runs", '[');
  for (const run_report& run : runs) put_run(out, run);
  out.close(']');
  out.close('}');
  return text + "\n";
}

}  // namespace lakh::load

#include "console.hpp"
#include "runs_export.hpp"

#include <lakh/core/text.hpp>

#include <fmt/format.h>

#include <iterator>
#include <ostream>

namespace lakh::cli {
namespace {

// RFC 4180: quoted where it must be, quotation marks doubled.
void append_csv(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_json(std::string& out, std::string_view text) {
  append_json_string(out, is_utf8(text) ? std::string(text) : printable(text));
}

std::string milliseconds(std::int64_t microseconds) {
  return fmt::format("{:.3f}", static_cast<double>(microseconds) / 1000);
}

}  // namespace

items_writer::items_writer(std::ostream& out, export_format format) : out_(out), format_(format) {
  if (format == export_format::csv)
    out_ << "item,state,status,error,last_attempt,attempts,started_at,latency_ms,service_ms,reason,kept,request\r\n";
}

void items_writer::outcome(const load::outcome_record& record, std::string_view started_at, std::string_view request) {
  row(record.item, load::name(record.state), record, started_at, request);
}

void items_writer::in_doubt(std::uint64_t item, std::string_view request) {
  load::outcome_record nothing;
  nothing.last_attempt = certainty::maybe_sent;
  row(item, "in doubt", nothing, {}, request);
}

void items_writer::row(std::uint64_t item, std::string_view state, const load::outcome_record& record,
                       std::string_view started_at, std::string_view request) {
  ++count_;
  line_.clear();
  const bool tried = record.attempts != 0;
  if (format_ == export_format::csv) {
    fmt::format_to(std::back_inserter(line_), "{},{},{},{},{},{},{},{},{},", item, state,
                   record.status != 0 ? std::to_string(record.status) : "",
                   record.error == error_kind::none ? "" : name(record.error), name(record.last_attempt),
                   record.attempts, started_at, tried ? milliseconds(record.latency_us) : "",
                   tried ? milliseconds(record.service_us) : "");
    append_csv(line_, record.reason);
    line_ += ',';
    append_csv(line_, record.kept);
    line_ += ',';
    append_csv(line_, request);
    line_ += "\r\n";
  } else {
    fmt::format_to(std::back_inserter(line_),
                   R"({{"item":{},"state":"{}","status":{},"error":{},"last_attempt":"{}","attempts":{},"started_at":)",
                   item, state, record.status != 0 ? std::to_string(record.status) : "null",
                   record.error == error_kind::none ? "null" : fmt::format("\"{}\"", name(record.error)),
                   name(record.last_attempt), record.attempts);
    if (started_at.empty())
      line_ += "null";
    else
      append_json(line_, started_at);
    fmt::format_to(std::back_inserter(line_), R"(,"latency_ms":{},"service_ms":{},"reason":)",
                   tried ? milliseconds(record.latency_us) : "null", tried ? milliseconds(record.service_us) : "null");
    append_json(line_, record.reason);
    line_ += R"(,"kept":)";
    line_ += record.kept.empty() ? std::string_view("null") : record.kept;
    line_ += R"(,"request":)";
    append_json(line_, request);
    line_ += "}\n";
  }
  out_ << line_;
}

}  // namespace lakh::cli

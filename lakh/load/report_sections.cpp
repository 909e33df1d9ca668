#include <lakh/load/report_curves.hpp>
#include <lakh/load/report_sections.hpp>
#include <lakh/load/report_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace lakh::load::sections {
namespace {

template <typename... Args> void put(std::string& out, fmt::format_string<Args...> form, Args&&... args) {
  fmt::format_to(std::back_inserter(out), form, std::forward<Args>(args)...);
}

struct part {
  std::string_view name;
  std::string_view colour;
  std::uint64_t items;
};

std::vector<part> parts_of(const balance& sheet) {
  std::vector<part> parts = {
      {"confirmed", "ok", sheet.confirmed}, {"failed", "bad", sheet.failed}, {"unknown", "odd", sheet.unknown}};
  if (sheet.doubtful != 0) parts.push_back({"in flight or doubtful", "wait", sheet.doubtful});
  if (sheet.unclaimed != 0) parts.push_back({"not yet sent", "none", sheet.unclaimed});
  return parts;
}

double us(std::chrono::microseconds value) {
  return static_cast<double>(value.count());
}

std::string_view of_code(code_kind codes, std::uint16_t status) {
  if (codes == code_kind::exit_code) return status == 0 ? "ok" : "bad";
  return status < 400 ? "ok" : status < 500 ? "odd" : "bad";
}

void append_meter(std::string& out, std::string_view colour, std::uint64_t items, std::uint64_t most) {
  put(out, R"(<td class="meter" aria-hidden="true"><i class="{}" style="width:{:.2f}%"></i></td>)", colour,
      most == 0 ? 0.0 : 100 * static_cast<double>(items) / static_cast<double>(most));
}

void fact(std::string& out, std::string_view name, const std::string& marked_up) {
  put(out, "<dt>{}</dt><dd>{}</dd>", name, marked_up);
}

std::string code(std::string_view text) {
  return "<code><bdi>" + html(text) + "</bdi></code>";
}

}  // namespace

std::string date_text(std::string_view rfc3339) {
  static constexpr std::array<std::string_view, 12> months{{"January", "February", "March", "April", "May", "June",
                                                            "July", "August", "September", "October", "November",
                                                            "December"}};
  if (rfc3339.size() != 24 || rfc3339[10] != 'T') return std::string(rfc3339);
  unsigned month = 0;
  unsigned day = 0;
  std::from_chars(rfc3339.data() + 5, rfc3339.data() + 7, month);
  std::from_chars(rfc3339.data() + 8, rfc3339.data() + 10, day);
  if (month == 0 || month > 12) return std::string(rfc3339);
  return fmt::format("{} {} {}, {} UTC", day, months[month - 1], rfc3339.substr(0, 4), rfc3339.substr(11, 8));
}

std::string verdict(const run_report& run, bool marked) {
  const balance& sheet = run.result;
  const auto number = [marked](std::uint64_t items, std::string_view tone) {
    return marked ? fmt::format(R"(<span class="tone {}">{}</span>)", tone, grouped(items)) : grouped(items);
  };
  if (!sheet.holds()) return "The books do not balance";
  if (sheet.requested == 0) return "Nothing was asked for";
  if (sheet.perfect())
    return sheet.requested == 1 ? "The one item is confirmed"
                                : "All " + number(sheet.requested, "ok") + " items are confirmed";
  return number(sheet.confirmed, sheet.confirmed == 0 ? "bad" : "ok") + " of " + grouped(sheet.requested) +
         " items are confirmed";
}

void append_bar(std::string& out, const balance& sheet, bool thin) {
  std::string says;
  for (const part& one : parts_of(sheet)) {
    if (!says.empty()) says += ", ";
    says += grouped(one.items) + " " + std::string(one.name);
  }
  put(out, R"(<div class="bar{}" role="img" aria-label="{} requested: {}">)", thin ? " thin" : "",
      grouped(sheet.requested), says);
  for (const part& one : parts_of(sheet))
    if (one.items != 0) put(out, R"(<i class="{}" style="flex-grow:{}"></i>)", one.colour, one.items);
  if (sheet.accounted() == 0) out += R"(<i class="none" style="flex-grow:1"></i>)";
  out += "</div>";
}

void append_balance(std::string& out, const run_report& run) {
  const balance& sheet = run.result;
  put(out, R"(<section class="verdict" aria-labelledby="balance"><h2 id="balance">{}</h2>)", verdict(run, true));
  append_bar(out, sheet, false);
  out += R"(<dl class="sum">)";
  put(out, "<div><dt>requested</dt><dd>{}</dd></div>", grouped(sheet.requested));
  bool first = true;
  for (const part& one : parts_of(sheet)) {
    put(out, R"(<div class="{}"><dt><i class="dot {}"></i>{}</dt><dd>{}</dd></div>)", first ? "equals" : "plus",
        one.colour, one.name, grouped(one.items));
    first = false;
  }
  out += "</dl>";
  if (!sheet.holds()) {
    const bool missing = sheet.accounted() < sheet.requested;
    put(out, R"(<p class="note"><b class="broken">Not balanced:</b> {} too {}.</p>)",
        grouped(missing ? sheet.requested - sheet.accounted() : sheet.accounted() - sheet.requested),
        missing ? "few" : "many");
  } else if (sheet.doubtful + sheet.unclaimed != 0 && run.state != "running" && !run.info.run_id.empty()) {
    put(out, R"(<p class="note">The run did not end. To go on with it: <code>lakh load --resume {}</code></p>)",
        html(run.info.run_id));
  }
  if (!run.info.message.empty()) put(out, R"(<p class="note"><bdi>{}</bdi></p>)", html(run.info.message));
}

// Ends the section that append_balance began.
void append_key_figures(std::string& out, const run_report& run) {
  out += R"(<dl class="tiles">)";
  const auto tile = [&out](std::string_view name, const std::string& value) {
    put(out, "<div><dt>{}</dt><dd>{}</dd></div>", name, value);
  };
  tile("rate", number_text(run.rate()) + " <small>/s</small>");
  tile("time", duration_text(run.seconds * 1e6));
  if (!run.latency.empty()) {
    tile("median latency", duration_text(us(run.latency.percentile(50))));
    tile("p99", duration_text(us(run.latency.percentile(99))));
    tile("slowest", duration_text(us(run.latency.max())));
  }
  tile(run.retries == 1 ? "retry" : "retries", grouped(run.retries));
  out += "</dl></section>\n";
}

void append_limits(std::string& out, std::span<const run_report> runs, std::span<const std::string> names) {
  std::size_t all = 0;
  std::size_t broken = 0;
  for (const run_report& run : runs)
    for (const limit_verdict& one : run.limits) {
      ++all;
      broken += one.holds ? 0 : 1;
    }
  if (all == 0) return;
  put(out, R"(<section aria-labelledby="limits"><h2 id="limits">Limits</h2><p class="note">)");
  if (broken == 0)
    put(out, "{}", all == 1 ? "The limit holds." : fmt::format("All {} limits hold.", all));
  else
    put(out, "{} of {} {} broken.", broken, all, broken == 1 ? "is" : "are");
  out += R"(</p><table class="slim"><caption>Limits and whether they hold</caption><thead><tr>)";
  if (!names.empty()) out += R"(<th scope="col" class="text">run</th>)";
  out +=
      R"(<th scope="col" class="text">limit</th><th scope="col">measured</th><th scope="col">verdict</th></tr></thead><tbody>)";
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (const limit_verdict& one : runs[i].limits) {
      out += "<tr>";
      if (!names.empty())
        put(out, R"(<td class="text"><i class="key {}"></i><bdi>{}</bdi></td>)", run_colour(i), html(names[i]));
      put(out, R"(<th scope="row" class="text">{}</th><td>{}</td><td>{}</td></tr>)", code(one.text), html(one.actual),
          one.holds ? R"(<span class="good">✓ holds</span>)" : R"(<span class="broken">✗ broken</span>)");
    }
  out += "</tbody></table></section>\n";
}

void append_over_time(std::string& out, const run_report& run) {
  if (run.series.empty()) return;
  out += R"(<section aria-labelledby="time"><h2 id="time">Over time</h2>)";
  if (run.sessions.size() > 1)
    put(out, R"(<p class="note">{} sessions, laid end to end; longer pauses between them are shortened.</p>)",
        run.sessions.size());
  out += R"(<div class="pair"><div><h3>Items per second</h3>)";
  append_chart(out, rate_chart(run));
  out += "</div><div><h3>Latency from the intended start</h3>";
  append_chart(out, latency_chart(run));
  out += "</div></div></section>\n";
}

void append_latency(std::string& out, const run_report& run) {
  if (run.latency.empty()) return;
  out +=
      R"(<section aria-labelledby="latencies"><h2 id="latencies">Latency by percentile</h2>)"
      R"(<p class="note">From the intended start an item’s waiting and its retries count; from the send only the last )"
      R"(attempt does. Each nine has the same room.</p><div class="two"><div>)";
  append_chart(out, percentile_chart(run));
  out += R"(</div><div><table><caption>Latency percentiles</caption><thead><tr><th scope="col">percentile</th>)"
         R"(<th scope="col">from start</th><th scope="col">from send</th></tr></thead><tbody>)";
  const auto row = [&](std::string_view name, auto value) {
    put(out, R"(<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>)", name, duration_text(value(run.latency)),
        run.service.empty() ? "–" : duration_text(value(run.service)));
  };
  row("fastest", [](const histogram& h) { return us(h.min()); });
  row("mean", [](const histogram& h) { return h.mean(); });
  for (const auto& [name, percent] : {std::pair("p50", 50.0),
                                      {"p75", 75.0},
                                      {"p90", 90.0},
                                      {"p95", 95.0},
                                      {"p99", 99.0},
                                      {"p99.9", 99.9},
                                      {"p99.99", 99.99}})
    row(name, [percent](const histogram& h) { return us(h.percentile(percent)); });
  row("slowest", [](const histogram& h) { return us(h.max()); });
  out += "</tbody></table></div></div></section>\n";
}

void append_answers(std::string& out, const run_report& run) {
  if (run.items_by_status.empty() && run.items_unanswered == 0) return;
  put(out,
      R"(<section aria-labelledby="answers"><h2 id="answers">Answers and attempts</h2><div class="pair"><div>)"
      R"(<table><caption>Items by the {0} of their last answer</caption><thead><tr><th scope="col">last {0}</th>)"
      R"(<th scope="col" class="text meter" aria-hidden="true"></th><th scope="col">items</th><th scope="col">share</th></tr></thead><tbody>)",
      name(run.info.codes));
  std::uint64_t most = run.items_unanswered;
  for (const auto& [status, items] : run.items_by_status) most = std::max(most, items);
  const auto append_row = [&](std::string_view head, std::string_view meter, std::uint64_t items) {
    put(out, R"(<tr><th scope="row">{}</th>)", head);
    append_meter(out, meter, items, most);
    put(out, "<td>{}</td><td>{}</td></tr>", grouped(items), share_text(items, run.settled()));
  };
  if (run.items_unanswered != 0) append_row("no answer", "wait", run.items_unanswered);
  for (const auto& [status, items] : run.items_by_status)
    append_row(status == 0 && run.info.codes == code_kind::status ? "no status" : std::to_string(status),
               of_code(run.info.codes, status), items);
  out +=
      R"(</tbody></table></div><div><table><caption>Items by the number of attempts</caption><thead><tr>)"
      R"(<th scope="col">attempts</th><th scope="col" class="text meter" aria-hidden="true"></th><th scope="col">items</th><th scope="col">share</th></tr></thead><tbody>)";
  most = 0;
  for (const auto& [attempts, items] : run.items_by_attempts) most = std::max(most, items);
  for (const auto& [attempts, items] : run.items_by_attempts) {
    put(out, R"(<tr><th scope="row">{}</th>)",
        attempts == 0 ? std::string("settled by asking") : std::to_string(attempts));
    append_meter(out, "p50", items, most);
    put(out, "<td>{}</td><td>{}</td></tr>", grouped(items), share_text(items, run.settled()));
  }
  out += "</tbody></table></div></div></section>\n";
}

void append_problems(std::string& out, const run_report& run) {
  if (run.problems.empty()) return;
  std::uint64_t all = 0;
  for (const report_problem& one : run.problems) all += one.items();
  put(out,
      R"(<section aria-labelledby="problems"><h2 id="problems">What went wrong</h2><p class="note">{} not confirmed. )"
      R"(To list {}: <code>lakh runs show {} --failed --unknown</code></p>)"
      R"(<div class="wide"><table><caption>Items that are not confirmed, by kind</caption><thead><tr><th scope="col">kind</th><th scope="col">status</th>)"
      R"(<th scope="col">failed</th><th scope="col">unknown</th><th scope="col" class="text">for example</th></tr></thead><tbody>)",
      all == 1 ? "One item is" : grouped(all) + " items are", all == 1 ? "it" : "them", html(run.info.run_id));
  for (const report_problem& one : run.problems) {
    put(out, R"(<tr><th scope="row">{}</th><td class="num">{}</td><td>{}</td><td>{}</td><td class="text">item {})",
        one.kind == error_kind::none ? std::string_view("answer") : name(one.kind),
        one.status == 0 ? std::string("–") : std::to_string(one.status), grouped(one.failed), grouped(one.unknown),
        grouped(one.example_item));
    if (!one.example_reason.empty()) put(out, R"(: <bdi class="reason">{}</bdi>)", html(one.example_reason));
    out += "</td></tr>";
  }
  out += "</tbody></table></div></section>\n";
}

void append_reconciliation(std::string& out, const run_report& run) {
  if (!run.reconciled && run.reconcile_problem.empty()) return;
  out +=
      R"(<section aria-labelledby="reconciliation"><h2 id="reconciliation">Reconciliation with the target’s own data</h2>)";
  if (!run.reconcile_problem.empty())
    put(out, R"(<p class="note"><b class="broken">Not reconciled:</b> <bdi>{}</bdi></p>)", html(run.reconcile_problem));
  if (run.reconciled) {
    const reconciliation& both = *run.reconciled;
    put(out, R"(<p class="note">{} {}</p>)",
        both.clean() ? R"(<b class="good">Both sides agree.</b>)" : R"(<b class="broken">The two sides differ.</b>)",
        both.digests_compared ? "Each entry was compared byte for byte with what was sent."
                              : "Entries were compared by their references.");
    out +=
        R"(<table class="slim"><caption>The ledger held against the target’s own data</caption><thead><tr><th scope="col" class="text">entries</th>)"
        R"(<th scope="col">number</th><th scope="col" class="text">meaning</th></tr></thead><tbody>)";
    const auto row = [&out](std::string_view label, std::uint64_t number, bool bad, std::string_view means) {
      put(out, R"(<tr><th scope="row">{}</th><td>{}{}{}</td><td class="text reason">{}</td></tr>)", label,
          bad && number != 0 ? R"(<span class="broken">)" : "", grouped(number), bad && number != 0 ? "</span>" : "",
          means);
    };
    row("listed", both.listed, false, "entries of this run in the target’s own data");
    row("matched", both.matched, false, "confirmed here, and there once");
    row("missing", both.missing, true, "confirmed here, not there");
    row("duplicate", both.duplicate, true, "there more than once");
    if (both.digests_compared || both.altered != 0) row("altered", both.altered, true, "there, but not as it was sent");
    row("unexpected", both.unexpected, true, "there, but not confirmed here");
    if (both.settled != 0) row("settled", both.settled, false, "unknown here, and found there");
    out += "</tbody></table>";
    if (!both.examples.empty()) {
      out += R"(<ul class="note">)";
      for (const std::string& one : both.examples) put(out, "<li><bdi>{}</bdi></li>", html(one));
      out += "</ul>";
    }
  }
  out += "</section>\n";
}

void append_record(std::string& out, const run_report& run) {
  if (run.info.run_id.empty()) return;
  out += R"(<section aria-labelledby="record"><h2 id="record">The record</h2><dl class="kv">)";
  fact(out, "run", code(run.info.run_id));
  if (!run.receipt_digest.empty()) fact(out, "receipt, SHA-256", code(run.receipt_digest));
  if (!run.receipt_problem.empty())
    fact(out, "receipt", R"(<b class="broken">✗</b> <bdi>)" + html(run.receipt_problem) + "</bdi>");
  if (!run.receipt_signer.empty()) fact(out, "signed with key", code(run.receipt_signer));
  if (!run.info.plan_digest.empty()) fact(out, "plan, SHA-256", code(run.info.plan_digest));
  if (run.files.size() <= 8)
    for (const report_ledger_file& file : run.files)
      if (!file.head.empty())
        fact(out, html(file.name),
             code(file.head) + fmt::format(R"( <span class="reason">{} entries{}</span>)", grouped(file.entries),
                                           file.closed ? "" : ", not closed"));
  if (run.files.size() > 8) fact(out, "ledger", fmt::format("{} files", run.files.size()));
  fact(out, "lakh", html(run.info.lakh_version));
  if (!run.info.ended_at.empty()) fact(out, "ended", html(date_text(run.info.ended_at)));
  std::string command;
  for (const std::string& word : run.info.command_line) {
    if (!command.empty()) command += ' ';
    const bool plain =
        word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,") ==
        std::string::npos;
    command += plain && !word.empty() ? word : "'" + word + "'";
  }
  if (!command.empty()) fact(out, "command", code(command));
  out += "</dl>";
  if (run.sessions.size() > 1) {
    out +=
        R"(<div class="wide"><table><caption>Sessions of the run</caption><thead><tr><th scope="col">session</th><th scope="col" class="text">began</th>)"
        R"(<th scope="col" class="text">last written</th><th scope="col">after a pause of</th><th scope="col">items settled</th><th scope="col">ended</th></tr></thead><tbody>)";
    constexpr std::size_t most = 50;
    for (std::size_t i = 0; i < std::min(run.sessions.size(), most); ++i) {
      const report_session& one = run.sessions[i];
      put(out,
          R"(<tr><th scope="row">{}</th><td class="text">{}</td><td class="text">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>)",
          one.number, html(date_text(one.began_at)), html(date_text(one.ended_at)),
          i == 0 ? std::string("–") : duration_text(one.idle_before * 1e6), grouped(one.items),
          one.closed ? "in order" : "cut off");
    }
    out += "</tbody></table></div>";
    if (run.sessions.size() > most)
      put(out, R"(<p class="note">and {} more sessions</p>)", grouped(run.sessions.size() - most));
  }
  out += "</section>\n";
}

}  // namespace lakh::load::sections

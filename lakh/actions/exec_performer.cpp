#include <lakh/actions/exec_performer.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/deadline.hpp>
#include <lakh/core/duration.hpp>
#include <lakh/core/text.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace lakh::actions {
namespace {

constexpr std::size_t most_said = 160;
// For one that was killed and does not end: longer only in the middle of a broken disk.
constexpr auto patience_with_the_dead = std::chrono::seconds(2);
constexpr auto while_output_waits = std::chrono::milliseconds(5);

// One line for a person, in UTF-8.
std::string line_of(std::string_view text) {
  std::string line(text.substr(0, most_said));
  if (const std::size_t bad = find_bad_utf8(line); bad != std::string::npos) line.resize(bad);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return line;
}

std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_last_break(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The last one that says something: what programs end their complaints with.
std::string_view last_line(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const std::size_t start = text.rfind('\n');
  return start == std::string_view::npos ? text : text.substr(start + 1);
}

std::string name_of_signal(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace

exec_performer::exec_performer(const exec_program& program, load::side_records* records)
    : program_(program),
      output_(records != nullptr && program.output != exec_keeps_output::discard ? &records->get<exec_output>()
                                                                                 : nullptr),
      child_(program.capture) {
  words_.resize(program.words.size());
  variables_.resize(program.variables.size());
}

bool exec_performer::render(const load::text_template& text, const load::render_input& input, std::string& out,
                            std::string& reason) {
  const load::render_result result = text.render(input, out);
  if (!result) reason = text.explain(result);
  return static_cast<bool>(result);
}

bool exec_performer::prepare(const load::render_input& input, std::string& reason) {
  item_ = input.item;
  attempt_ = 0;
  XXH3_state_t digest;
  XXH3_64bits_reset(&digest);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i].clear();
    if (!render(program_.words[i].text, input, words_[i], reason)) return false;
    if (words_[i].find('\0') != std::string::npos) {
      reason = "word " + std::to_string(i) + " of the command contains a NUL byte, which no program can be given";
      return false;
    }
    XXH3_64bits_update(&digest, words_[i].c_str(), words_[i].size() + 1);
  }
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    const exec_variable& variable = program_.variables[i];
    variables_[i].assign(variable.name).append("=");
    if (!render(variable.value, input, variables_[i], reason)) return false;
    if (variables_[i].find('\0') != std::string::npos) {
      reason = "the variable " + variable.name + " contains a NUL byte, which no program can be given";
      return false;
    }
  }
  input_.clear();
  if (program_.has_input && !render(program_.input.text, input, input_, reason)) return false;
  XXH3_64bits_update(&digest, input_.data(), input_.size());
  digest_ = XXH3_64bits_digest(&digest);
  if (!located_) {
    folder_.clear();
    if (!render(program_.directory, input, folder_, reason)) return false;
  }

  argv_.clear();
  for (std::string& word : words_) argv_.push_back(word.data());
  argv_.push_back(nullptr);
  envp_.clear();
  // execve takes what is not const, and does not change it.
  for (const std::string& setting : program_.environment) envp_.push_back(const_cast<char*>(setting.c_str()));
  for (std::string& setting : variables_) envp_.push_back(setting.data());
  envp_.push_back(nullptr);
  return program_.expect.render(input, expected_, reason);
}

// Where the program stands, and where it is started: looked for when it is, so that whoever only wants to see the
// command line needs no program.
bool exec_performer::locate(std::string& reason) {
  std::filesystem::path directory = (program_.folder / folder_).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();  // a slash at its end
  auto found = find_program(words_.front(), directory, program_.search_path);
  if (!found) {
    reason = std::move(found.error());
    return false;
  }
  path_ = std::move(*found);
  directory_ = directory == program_.started_in ? std::string() : directory.string();
  located_ = program_.words.front().text.constant() && program_.directory.constant();
  return true;
}

std::string exec_performer::prepared() const {
  std::vector<std::string> shown = words_;
  for (std::size_t i = 0; i < shown.size(); ++i)
    if (!program_.words[i].shown.empty()) shown[i] = program_.words[i].shown;
  std::string text = command_line_of(shown);
  if (!input_.empty()) text.append("\n\n").append(program_.input.shown.empty() ? input_ : program_.input.shown);
  return text;
}

task<load::attempt_report> exec_performer::attempt() {
  load::attempt_report report;
  loop& here = loop::current();
  ++attempt_;
  reason_.clear();
  kept_json_.clear();
  end_ = {};
  started_ = false;
  report.sent = here.now();
  if (std::string reason; !located_ && !locate(reason)) {
    report.done = report.sent;
    report.error = error_kind::input;
    say(report, reason);
    co_await record(false);
    co_return report;
  }
  exec_order order;
  order.path = path_.c_str();
  order.words = argv_.data();
  order.environment = envp_.data();
  order.directory = directory_.empty() ? nullptr : directory_.c_str();
  order.input = input_;
  order.captured = program_.captures();
  if (const exec_begun begun = child_.start(order); begun.error) {
    report.done = here.now();
    refused(report, begun);
    co_await record(false);
    co_return report;
  }
  started_ = true;
  const bool in_time = co_await until_ended(deadline_after(report.sent, program_.time_limit));
  report.done = here.now();
  judge(report, in_time);
  co_await record(report.as_expected);
  co_return report;
}

// False if it had to be ended.
task<bool> exec_performer::until_ended(time_point due) {
  if (co_await child_.ended_by(due)) {
    end_ = child_.finish();
    co_return true;
  }
  child_.signal_all(SIGTERM);
  const time_point last = deadline_after(loop::current().now(), program_.kill_after);
  const bool went = co_await child_.ended_by(last);
  child_.signal_all(SIGKILL);  // also what it has left behind
  const time_point patience = loop::current().now() + patience_with_the_dead;
  if (went || co_await child_.ended_by(patience)) {
    end_ = child_.finish();
  } else {
    child_.abandon();
    end_.lost = true;
  }
  co_return false;
}

void exec_performer::refused(load::attempt_report& report, const exec_begun& begun) {
  report.certain = begun.maybe ? certainty::maybe_sent : certainty::not_sent;
  report.error = kind_of(begun.error);
  std::string what = "cannot be started: " + begun.error.message();
  if (begun.error == std::errc::executable_format_error) {
    report.error = error_kind::input;
    what = "'" + words_.front() + "' is no program, and has no first line that names one (#!)";
  } else if (begun.error == std::errc::argument_list_too_long) {
    report.error = error_kind::input;
    what = "its words and its environment are longer than the system allows: hand them over as stdin";
  } else if (begun.error == std::errc::no_such_file_or_directory || begun.error == std::errc::permission_denied) {
    report.error = error_kind::input;
    if (!directory_.empty()) what += " (in " + directory_ + ")";
  }
  say(report, what);
}

void exec_performer::judge(load::attempt_report& report, bool in_time) {
  report.certain = certainty::maybe_sent;
  report.status = end_.signal != 0 ? 128 + end_.signal : end_.code;  // as a shell shows it
  if (!in_time) {
    report.error = error_kind::timeout;
    report.status = 0;
    return say(report, "still running after " + format_duration(program_.time_limit) + ": it was ended");
  }
  if (end_.lost) {
    report.error = error_kind::internal;
    report.status = 0;
    return say(report, "somebody else has taken its exit code");
  }
  if (end_.signal != 0 && !program_.expect.names_exit(report.status)) {
    report.error = error_kind::closed;
    return say(report, "ended by " + name_of_signal(end_.signal));
  }
  report.certain = certainty::answered;
  report.error = error_kind::status;
  if (!program_.expect.exit_fits(report.status)) {
    std::string what = "exit code " + std::to_string(report.status);
    std::string_view said = last_line(child_.errors());
    if (said.empty()) said = last_line(child_.output());
    if (!said.empty()) what.append(": ").append(said);
    return say(report, what);
  }
  std::string why;
  if (!program_.expect.fits(child_.output(), child_.errors(), why, expected_)) {
    if (child_.output_size() > child_.output().size() || child_.errors_size() > child_.errors().size())
      why += " (in its first " + format_size(program_.capture) + ")";
    return say(report, why);
  }
  report.as_expected = true;
  report.error = error_kind::none;
  for (const exec_kept& each : program_.kept) {
    kept_json_ += each.lead;
    const std::string_view text = kept_text(each);
    if (text.size() > program_.kept_limit || !is_utf8(text))
      kept_json_ += "null";
    else if (each.from != exec_kept::source::json)
      append_json_string(kept_json_, text);
    else
      kept_json_ += text.empty() ? "null" : text;
  }
  if (!kept_json_.empty()) kept_json_ += '}';
}

void exec_performer::say(load::attempt_report& report, std::string_view what) {
  reason_ = line_of(what);
  report.reason = reason_;
}

// JSON text for a path, plain text for the others.
std::string_view exec_performer::kept_text(const exec_kept& one) const {
  const std::string& bytes = one.of_errors ? child_.errors() : child_.output();
  if (one.from == exec_kept::source::line) return first_line(bytes);
  if (one.from == exec_kept::source::all) return without_last_break(bytes);
  const json_raw found = one.path.raw(bytes);
  return found.status == json_lookup::found ? found.text : std::string_view();
}

void exec_performer::keep(std::span<std::string> slots) {
  for (const exec_kept& each : program_.kept) {
    std::string& slot = slots[each.slot];
    slot.clear();
    const std::string_view text = kept_text(each);
    if (text.empty() || text.size() > program_.kept_limit) continue;
    if (each.from != exec_kept::source::json || text.front() != '"')
      slot = text;
    else if (!append_json_unescaped(slot, text.substr(1, text.size() - 2)))
      slot.clear();
  }
}

task<void> exec_performer::record(bool as_expected) {
  if (output_ == nullptr) co_return;
  const bool kept = started_ && !(as_expected && program_.output == exec_keeps_output::failed) &&
                    child_.output_size() + child_.errors_size() != 0;
  if (!kept && attempt_ == 1) co_return;
  exec_output_row row;
  row.item = item_;
  row.step = program_.step;
  row.attempt = attempt_;
  if (end_.signal != 0)
    row.signal = end_.signal;
  else if (started_ && !end_.lost)
    row.exit_code = end_.code;
  if (kept) {
    row.output = child_.output();
    row.errors = child_.errors();
    row.output_size = child_.output_size();
    row.errors_size = child_.errors_size();
  }
  while (!output_->add(row, program_.output_total)) co_await sleep_for(while_output_waits);
}

}  // namespace lakh::actions

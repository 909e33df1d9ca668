// `lakh exec`: one program, once, as a run would start it.
#include "action_words.hpp"
#include "console.hpp"
#include "json_view.hpp"
#include "verb.hpp"

#include <lakh/actions/exec_once.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/signals.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <ostream>

namespace lakh::cli {
namespace {

struct once_over {
  once_over() = default;
  std::optional<actions::exec_result> result;
  int signal = 0;  // by which a person ended it
};

// The first signal is handed on, the second kills it, so that what it wrote and how it ended is told all the same. The
// third does not wait for that.
task<void> heed(scope& all, signal_watch& watch, actions::exec_once& once, int& first) {
  first = co_await watch.next();
  once.signal_all(first);
  co_await watch.next();
  once.signal_all(SIGKILL);
  co_await watch.next();
  all.cancel();
}

task<void> run_once(actions::exec_once& once, actions::exec_child::listener out, actions::exec_child::listener err,
                    once_over& over) {
  signal_watch watch({SIGINT, SIGTERM});
  co_await in_scope([&](scope& s) -> task<void> {
    s.spawn(heed(s, watch, once, over.signal));
    auto work = once.run(std::move(out), std::move(err));
    over.result.emplace(co_await std::move(work));
    s.cancel();
  });
}

std::string as_json(const actions::exec_result& result) {
  const bool ended = result.certain != certainty::not_sent && !result.end.lost;
  const auto number = [](bool there, int value) { return there ? std::to_string(value) : std::string("null"); };
  std::string out = fmt::format(
      R"({{"as_expected":{},"certainty":"{}","exit_code":{},"signal":{},"seconds":{:.6f},"reason":)",
      result.as_expected, name(result.certain), number(ended && result.end.signal == 0, result.end.code),
      number(ended && result.end.signal != 0, result.end.signal), std::chrono::duration<double>(result.time).count());
  if (result.reason.empty())
    out += "null";
  else
    append_json_string(out, result.reason);
  append_json_bytes(out, "stdout", result.output);
  append_json_bytes(out, "stderr", result.errors);
  out += fmt::format(R"(,"stdout_bytes":{},"stderr_bytes":{},"kept":{{)", result.output_size, result.errors_size);
  for (std::size_t i = 0; i < result.kept.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, result.kept[i].first);
    out += ':';
    const std::string& text = result.kept[i].second;
    append_json_string(out, is_utf8(text) ? text : printable(text));
  }
  return out + "}}";
}

int code_of(const once_over& over) {
  const actions::exec_result& result = *over.result;
  if (result.as_expected) return all_well;
  if (over.signal != 0) return over.signal == SIGTERM ? terminated : interrupted;
  if (result.certain == certainty::answered) return not_all_confirmed;
  return result.error == error_kind::input ? wrong_input : target_unreachable;
}

int run_exec(environment& env, const words& given) {
  const step_in_words step = exec_words().step(env, given);
  actions::exec_once once(step.settings, step.expect, step.keep, given.duration("--timeout"));
  const bool json = given.has("--json");
  actions::exec_child::listener out;
  actions::exec_child::listener err;
  const auto to = [](std::ostream& stream) {
    return [&stream](std::string_view bytes) {
      stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      stream.flush();
    };
  };
  if (!json) {
    err = to(*env.err);
    if (step.keep.is_null()) out = to(*env.out);
  }
  once_over over;
  try {
    lakh::run(run_once(once, std::move(out), std::move(err), over));
  } catch (const cancelled&) {
    over.result.emplace();
    over.result->certain = certainty::maybe_sent;
    over.result->error = error_kind::cancelled;
    over.result->reason = "it was killed, and its end not waited for";
    over.result->end.lost = true;
  }
  const actions::exec_result& result = *over.result;
  if (json) *env.out << as_json(result) << '\n';
  if (!json)
    for (const auto& [name, text] : result.kept) *env.out << name << '=' << printable(text) << '\n';
  const int code = code_of(over);
  if (code != all_well && !json) {
    env.out->flush();
    const paint colours(env.err_in_colour());
    const bool said = result.certain == certainty::answered;
    *env.err << colours.red(said ? "not as expected:" : "error:") << ' ' << printable(result.reason) << '\n';
    if (result.error == error_kind::timeout)
      *env.err << colours.cyan("  hint:") << " --timeout gives it longer; what it had begun may be done or not\n";
  }
  return code;
}

// Once there is no run that would keep output or run it again.
std::vector<option> options() {
  std::vector<option> all = exec_words().options;
  std::erase_if(all, [](const option& one) { return one.name == "--output" || one.name == "--idempotent"; });
  const std::vector<option> once = {
      {.name = "--timeout",
       .letter = 't',
       .value = "TIME",
       .help = "then it is ended: SIGTERM, and after --kill-after SIGKILL, to all that it has started (none)",
       .section = "The program"},
      {.name = "--json", .help = "prints one JSON object with everything", .section = "Its output"},
  };
  all.insert(all.end(), once.begin(), once.end());
  return all;
}

}  // namespace

const verb& exec_verb() {
  static const verb made = {
      .name = "exec",
      .summary = "runs a program, and says whether it did what it should",
      .usage = {"lakh exec [options] -- PROGRAM [ARGUMENT …]"},
      .about =
          "The words go to the program as they are: there is no shell, so nothing has to be quoted twice, and no "
          "value can become another word. The program may still take one that begins with '-' for an option of its "
          "own: "
          "most take '--' before such words. Where a line of shell is meant, say so: -- sh -c 'a | b'. Options stand "
          "before the program; all behind it is its own.\n"
          "It runs as 'lakh load' would run it for an item: in a session of its own, without a terminal to ask on, "
          "with "
          "its input closed unless --stdin gives it one. Its output and errors pass through as they come.\n"
          "The exit code is lakh's: 0 if the program ended as expected (--expect, else with 0), 1 if it did not, 2 if "
          "there is no such program, 3 if it was killed or its time was over; the program's own code is said on "
          "stderr, "
          "and stands in --json. The same words behind 'lakh load -n N' run it N times.\n",
      .options = options(),
      .positionals = {{.name = "PROGRAM", .kind = value_kind::file}},
      .more_positionals = true,
      .command_follows = true,
      .examples =
          {
              {"lakh exec -- ls -l /tmp", "runs it, and shows what it says"},
              {"lakh exec --timeout 10s --expect 0,3 -- ./import.sh orders-7.csv", "ten seconds, and 3 is fine too"},
              {"lakh exec --expect-json '$.state=ready' --json -- kubectl get pod web -o json",
               "what it writes must be JSON that says so"},
              {"lakh exec -- sh -c 'sort words.txt | uniq -c'", "a line of shell"},
              {"lakh load --feed hosts=hosts.csv -n 300 --timeout 20s exec -- ssh -oBatchMode=yes -- "
               "'{{hosts.name}}' uptime",
               "the same for each row of a file, with a ledger"},
          },
      .run = run_exec,
  };
  return made;
}

}  // namespace lakh::cli

// `lakh verify`: whether the records of a run still say what was written, and whether the target still has it.
#include "console.hpp"
#include "load_summary.hpp"
#include "verb.hpp"

#include <lakh/actions/reconcile_run.hpp>
#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/receipt_check.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string>

namespace lakh::cli {
namespace {

std::string mark(load::check_result result, const paint& colours) {
  switch (result) {
    case load::check_result::ok: return colours.green("ok   ");
    case load::check_result::wrong: return colours.red(colours.bold("WRONG"));
    case load::check_result::open: return colours.yellow("open ");
    case load::check_result::note: break;
  }
  return colours.dim("note ");
}

std::string sentence(load::check_result verdict) {
  switch (verdict) {
    case load::check_result::wrong: return "Something is NOT as it should be.";
    case load::check_result::open: return "Nothing is wrong, but not everything could be checked.";
    case load::check_result::ok:
    case load::check_result::note: break;
  }
  return "Everything that was recorded holds.";
}

std::string in_words(const load::run_verification& run, std::size_t columns, const paint& colours) {
  std::string title = "Run " + printable(run.run_id);
  if (!run.title.empty()) title += ": " + printable(run.title);
  std::string text = colours.bold(fit(title, columns)) + "\n\n";
  std::size_t width = 0;
  for (const load::run_check& check : run.checks) width = std::max(width, display_width(printable(check.subject)));
  width = std::min<std::size_t>(width, 24);
  for (const load::run_check& check : run.checks) {
    const std::string lines = wrapped(printable(check.text), columns, 2 + 5 + 2 + width + 2);
    text += "  " + mark(check.result, colours) + "  " + pad_right(fit(printable(check.subject), width), width) +
            lines.substr(2 + 5 + 2 + width);
  }
  const load::check_result verdict = run.verdict();
  const std::string last = sentence(verdict);
  text += "\n  " +
          (verdict == load::check_result::wrong  ? colours.red(colours.bold(last))
           : verdict == load::check_result::open ? colours.yellow(last)
                                                 : colours.green(colours.bold(last))) +
          "\n";
  if (!run.receipt_digest.empty()) text += "  receipt  SHA-256 " + run.receipt_digest + "\n";
  return text;
}

void string(std::string& out, std::string_view text) {
  append_json_string(out, is_utf8(text) ? std::string(text) : printable(text));
}

std::string as_json(const load::run_verification& run) {
  std::string out = R"({"run":)";
  string(out, run.run_id);
  out += fmt::format(R"(,"verdict":"{}","alive":{},"checks":[)", load::name(run.verdict()), run.alive);
  for (const load::run_check& check : run.checks) {
    if (!out.ends_with('[')) out += ',';
    out += R"({"subject":)";
    string(out, check.subject);
    out += fmt::format(R"(,"result":"{}","text":)", load::name(check.result));
    string(out, check.text);
    out += '}';
  }
  out += R"(],"balance":)" + (run.computed ? run.computed->json() : "null") + R"(,"receipt_digest":)";
  if (run.receipt_digest.empty())
    out += "null";
  else
    string(out, run.receipt_digest);
  out += R"(,"signed_by":)";
  if (!run.found || run.found->public_key.empty())
    out += "null";
  else
    string(out, run.found->public_key);
  return out + "}";
}

int exit_code_for(load::check_result verdict) {
  switch (verdict) {
    case load::check_result::wrong: return not_as_written;
    case load::check_result::open: return not_all_confirmed;
    case load::check_result::ok:
    case load::check_result::note: break;
  }
  return all_well;
}

std::string in_words(const load::reconciliation& both) {
  std::string text =
      fmt::format("it has {} of the run's items; {} matched", load::grouped(both.listed), load::grouped(both.matched));
  for (const auto& [count, what] :
       {std::pair(both.missing, "missing"), std::pair(both.duplicate, "duplicate"), std::pair(both.altered, "altered"),
        std::pair(both.unexpected, "unexpected"), std::pair(both.settled, "unknown here and found there"),
        std::pair(both.absent, "unknown here and not there")})
    if (count != 0) text += fmt::format(", {} {}", load::grouped(count), what);
  for (const std::string& example : both.examples) text += "; " + example;
  return text;
}

// True where both sides agree.
bool ask_target(load::run_verification& run, const std::filesystem::path& folder) {
  try {
    const load::reconciliation both = lakh::run(actions::reconcile_run(folder));
    run.add("target", both.clean() ? load::check_result::ok : load::check_result::wrong, in_words(both));
    return both.clean();
  } catch (const cancelled&) {
    throw;
  } catch (const error& caught) {
    run.add("target", load::check_result::wrong, std::string("it could not be asked: ") + caught.what());
    return false;
  }
}

int run_verify(environment& env, const words& given) {
  if (given.positional().empty())
    throw input_error("'lakh verify' needs a run", "the newest is 'last'; 'lakh runs' lists them");
  std::string signer;
  if (const auto key = given.text("--key")) signer = load::read_public_key(*key);
  const std::filesystem::path root = given.text("--runs").value_or("runs");
  const std::filesystem::path folder = load::run_folder::find(root, given.positional().front());
  load::run_verification run = load::verify_run(folder, signer);
  const load::check_result records = run.verdict();
  const bool agreed = !given.has("--target") || ask_target(run, folder);
  if (given.has("--json"))
    *env.out << as_json(run) << '\n';
  else if (!given.has("--quiet") || run.verdict() != load::check_result::ok)
    *env.out << in_words(run, std::clamp(env.width(), 60U, 120U), paint(env.out_in_colour()));
  if (records != load::check_result::wrong && !agreed) return reconcile_differs;
  return exit_code_for(records);
}

}  // namespace

const verb& verify_verb() {
  static const verb made = {
      .name = "verify",
      .summary = "checks that the records of a run still say what was written",
      .usage = {"lakh verify RUN [options]"},
      .about =
          "Computes everything anew from the ledger: each digest of each file's chain, what became of each item, the "
          "balance; and compares it with the receipt, run.json and plan.yaml. One changed bit is found and named. "
          "Nothing is changed, and without --target nobody is asked. RUN is a run's name, the beginning or the last "
          "part of one, 'last', or the path of a folder.\n"
          "A digest shows that nothing changed by accident; a signature shows who vouches for it. 'lakh load --sign "
          "key.pem' signs the receipt, 'lakh verify --key public.pem' demands that signature. Such keys are made with "
          "OpenSSL:\n"
          "    openssl genpkey -algorithm ed25519 -out key.pem\n"
          "    openssl pkey -in key.pem -pubout -out public.pem\n"
          "Exit codes: 0 all holds; 1 nothing is wrong, but the run goes on, was killed, or has no receipt; 5 the "
          "target differs; 7 something is not what was written. docs/formats.md describes the files for those who "
          "would rather trust a verifier of their own; examples/verify.py is one.\n",
      .options =
          {
              {.name = "--runs", .value = "FOLDER", .help = "where the runs are (./runs)", .kind = value_kind::folder},
              {.name = "--key",
               .value = "PUBLIC.pem",
               .help = "demands that the receipt is signed by this Ed25519 key",
               .kind = value_kind::file},
              {.name = "--target",
               .help = "asks the target again, as the plan's 'reconcile' says, and holds it against the ledger"},
              {.name = "--json", .help = "one JSON object"},
              {.name = "--quiet", .letter = 'q', .help = "shows nothing unless something is wrong or open"},
          },
      .positionals = {{.name = "RUN", .choices = {"last"}}},
      .examples =
          {
              {"lakh verify last", "checks the newest run in ./runs"},
              {"lakh verify k7f3q2 --key public.pem", "and that the owner of that key has signed its receipt"},
              {"lakh verify last --target", "and that the target still has what is confirmed here"},
              {"lakh verify /mnt/archive/20261121-235901-k7f3q2", "a run that was copied elsewhere"},
              {"lakh verify last --json | jq -r '.checks[] | select(.result != \"ok\")'", "what is not in order"},
          },
      .run = run_verify,
  };
  return made;
}

}  // namespace lakh::cli

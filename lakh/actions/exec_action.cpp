#include <lakh/actions/exec_action.hpp>
#include <lakh/actions/exec_performer.hpp>
#include <lakh/actions/file_beside.hpp>
#include <lakh/core/text.hpp>

#include <array>
#include <csignal>
#include <cstdlib>

#include <unistd.h>

namespace lakh::actions {
namespace {

// Both streams stand in one row, of which SQLite takes 10^9 bytes (SQLITE_MAX_LENGTH).
constexpr std::uint64_t most_captured = std::uint64_t{256} << 20U;
constexpr std::size_t most_words = 10'000;

class exec_action final : public load::action {
 public:
  explicit exec_action(exec_program program) : program_(std::move(program)) {}

  [[nodiscard]] std::unique_ptr<load::performer> make_performer(load::lane_resources& shared) const override {
    return std::make_unique<exec_performer>(program_, shared.records());
  }
  [[nodiscard]] bool idempotent() const noexcept override { return program_.idempotent; }
  [[nodiscard]] bool keyed() const noexcept override { return program_.keyed; }
  [[nodiscard]] bool keeps() const noexcept override { return program_.used_later && !program_.kept.empty(); }
  [[nodiscard]] config frozen() const override { return program_.frozen; }
  // A program works; two of them on one processor are no faster.
  [[nodiscard]] load::code_kind codes() const noexcept override { return load::code_kind::exit_code; }
  [[nodiscard]] std::uint64_t usual_users(unsigned cores) const noexcept override { return cores; }
  // Its end, its output and its errors.
  [[nodiscard]] unsigned descriptors() const noexcept override { return program_.captures() ? 3 : 1; }

  // That there is such a program, as far as it is the same for all items.
  [[nodiscard]] task<void> check_target() const override {
    if (!program_.directory.constant()) co_return;
    const std::filesystem::path directory = program_.folder / program_.directory.constant_text();
    std::error_code code;
    if (!std::filesystem::is_directory(directory, code))
      throw input_error("there is no folder '" + directory.string() + "' to run in");
    if (!program_.words.front().text.constant()) co_return;
    const std::string name = program_.words.front().text.constant_text();
    if (auto found = find_program(name, directory, program_.search_path); !found)
      throw input_error(found.error(), name.find(' ') != std::string::npos
                                           ? "each word stands for itself; for a line of shell: sh -c '" + name + "'"
                                           : "give its path, or put its folder into PATH");
  }

 private:
  exec_program program_;
};

// Somebody who ignores SIGCHLD is not told how his children end, and a program inherits that.
void let_children_tell() {
  struct sigaction now{};
  if (::sigaction(SIGCHLD, nullptr, &now) != 0 || (now.sa_handler != SIG_IGN && (now.sa_flags & SA_NOCLDWAIT) == 0))
    return;
  now.sa_flags &= ~SA_NOCLDWAIT;
  if (now.sa_handler == SIG_IGN) now.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &now, nullptr);
}

void compile_words(exec_program& to, const config& command, const load::template_scope& scope,
                   const secret_texts& secrets, const std::string& label) {
  if (command.is_scalar())
    command.fail("exec.command is a list of words: the program, then its arguments",
                 "as in command: [ls, -l, \"{{files.name}}\"]; for a line of shell: command: [sh, -c, \"…\"]");
  for (const config& word : command.items("exec.command")) {
    if (to.words.size() == most_words) command.fail("exec.command has more than 10,000 words");
    exec_text text;
    text.text = load::text_template::from(word, load::text_format::plain, scope,
                                          label + "command." + std::to_string(to.words.size()));
    text.shown = secrets.shown(word.text("exec.command"));
    to.words.push_back(std::move(text));
  }
  if (to.words.empty()) command.fail("exec.command is empty", "as in command: [ls, -l]");
}

void compile_input(exec_program& to, config_reader& read, const load::plan& p, const load::template_scope& scope,
                   const secret_texts& secrets, const std::string& label) {
  const config* text = read.find("stdin");
  const config* file = read.find("stdin_file");
  if (text == nullptr && file == nullptr) return;
  if (text != nullptr && file != nullptr) file->fail("a program has one input", "give stdin or stdin_file, not both");
  to.has_input = true;
  if (text != nullptr) {
    to.input.text = load::text_template::from(*text, load::text_format::plain, scope, label + "stdin");
    to.input.shown = secrets.shown(text->text("exec.stdin"));
    return;
  }
  const auto [content, frozen] = read_frozen_file(p.folder, read, "stdin_file");
  to.frozen = frozen;
  to.input.text =
      load::text_template(content, load::text_format::plain, scope, label + "stdin", input_place(file->place()));
  to.input.shown = secrets.shown(content);
}

void compile_environment(exec_program& to, const config* settings, const load::plan& p, const load::plan_step& step,
                         const load::template_scope& scope, const std::string& label) {
  std::set<std::string, std::less<>> names;
  const auto add = [&](const std::string& name, load::text_template value) {
    names.insert(name);
    to.variables.push_back({name, std::move(value)});
  };
  if (settings != nullptr)
    for (const auto& [name, value] : settings->entries("exec.env")) {
      if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos)
        value.fail("'" + name + "' cannot be the name of an environment variable");
      if (name == "LAKH_RUN" || name == "LAKH_ITEM" || name == "LAKH_KEY")
        value.fail("the variable " + name + " is set by lakh itself", "leave it out");
      add(name, load::text_template::from(value, load::text_format::plain, scope, label + "env." + name));
    }
  add("LAKH_RUN", load::text_template("{{run}}", load::text_format::plain, scope, label + "run"));
  add("LAKH_ITEM", load::text_template("{{item}}", load::text_format::plain, scope, label + "item"));
  names.insert("LAKH_KEY");  // of an outer run
  if (!p.key.empty()) {
    // Steps of one item must not share a key: they are different deeds.
    const std::string key = p.steps.size() > 1 ? p.key + "-" + step.name : p.key;
    add("LAKH_KEY", load::text_template(key, load::text_format::plain, scope, "key", p.key_place));
    to.keyed = true;
  }
  to.environment = environment_without(names);
}

void compile_keep(exec_program& to, const load::plan_step& step, load::template_scope& scope) {
  if (step.keep.is_null()) return;
  for (const auto& [name, what] : step.keep.entries("keep")) {
    const std::string& from = what.text("keep." + name);
    std::string lead(to.kept.empty() ? "{" : ",");
    append_json_string(lead, name);
    const bool is_path = from.starts_with('$');
    if (!is_path && from != "line" && from != "stdout" && from != "stderr")
      what.fail(
          "exec has no '" + from + "' to keep",
          "line is the first line of its output, stdout all of it, stderr its errors, $.name a value of its JSON");
    to.kept.push_back({name,
                       is_path          ? exec_kept::source::json
                       : from == "line" ? exec_kept::source::line
                                        : exec_kept::source::all,
                       from == "stderr", json_path(is_path ? from : "$", what.place()),
                       scope.add_kept(step.name, name, what.place()), lead + ":"});
  }
}

std::chrono::nanoseconds time_of(const config& given, const std::string& name) {
  const std::chrono::nanoseconds time = given.duration(name);
  if (time.count() == 0) given.fail(name + " must be longer than 0s");
  return time;
}

}  // namespace

std::shared_ptr<const load::action> make_exec_action(const load::plan& p, const load::plan_step& step,
                                                     load::template_scope& scope) {
  exec_program program;
  config_reader read(step.settings, "exec");
  const std::string label = step.name + ".exec.";
  const secret_texts secrets(p);
  program.step = step.name;
  compile_words(program, read.require("command"), scope, secrets, label);
  compile_input(program, read, p, scope, secrets, label);
  compile_environment(program, read.find("env"), p, step, scope, label);

  std::error_code code;
  program.started_in = std::filesystem::current_path(code);
  program.folder = p.folder.empty() ? program.started_in : p.folder;
  if (const config* directory = read.find("directory"))
    program.directory = load::text_template::from(*directory, load::text_format::plain, scope, label + "directory");
  const char* path = ::getenv("PATH");
  program.search_path = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";

  program.time_limit = p.timeouts.total;
  if (const config* given = read.find("timeout")) program.time_limit = time_of(*given, "exec.timeout");
  if (const config* given = read.find("kill_after")) program.kill_after = given->duration("exec.kill_after");
  if (const config* given = read.find("idempotent")) program.idempotent = given->boolean("exec.idempotent");
  if (const config* given = read.find("output")) {
    static constexpr std::array<std::string_view, 3> names{{"keep", "failed", "discard"}};
    program.output = static_cast<exec_keeps_output>(given->one_of("exec.output", names));
  }
  if (const config* given = read.find("capture")) {
    const std::uint64_t size = given->size("exec.capture");
    if (size == 0 || size > most_captured) given->fail("exec.capture must be from 1 byte to 256MiB");
    program.capture = size;
  }
  if (const config* given = read.find("output_total")) program.output_total = given->size("exec.output_total");
  read.finish();

  program.expect = exec_expectation(step.expect, scope, secrets, step.name + ".expect.");
  compile_keep(program, step, scope);
  program.kept_limit = p.limits.kept_bytes;
  program.used_later = &step != &p.steps.back();
  let_children_tell();
  return std::make_shared<exec_action>(std::move(program));
}

}  // namespace lakh::actions

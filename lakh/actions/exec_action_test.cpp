// The exec action, as a plan writes it down, with real programs.
#include <lakh/actions/exec_output_reader.hpp>
#include <lakh/actions/exec_source.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/action.hpp>
#include <lakh/load/yaml.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class scratch {
 public:
  scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh-exec-test-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

load::plan plan_of(const std::string& yaml) {
  load::plan p = load::parse_plan(load::parse_yaml("items: 10\n" + yaml, "plan.yaml"), actions::names());
  p.folder = std::filesystem::temp_directory_path();
  return p;
}

struct done {
  bool made = false;
  load::attempt_report report;
  std::string reason;
  std::string kept;
  std::string prepared;
  std::uint64_t digest = 0;
  bool idempotent = false;
  bool keyed = false;
  std::vector<std::string> slots;
};

done exec(const std::string& yaml, std::uint64_t item = 7, load::side_records* records = nullptr) {
  const load::plan p = plan_of(yaml);
  return run([](const load::plan* given, std::uint64_t number, load::side_records* keeper) -> task<done> {
    done result;
    load::template_scope names;
    load::declare(*given, load::feed_set(), names);
    const auto steps = actions::compile(*given, names);
    result.idempotent = steps[0].act->idempotent();
    result.keyed = steps[0].act->keyed();
    load::lane_resources resources(keeper);
    const auto hands = steps[0].act->make_performer(resources);
    load::render_input input;
    input.run = "run-1";
    input.item = number;
    result.made = hands->prepare(input, result.reason);
    if (!result.made) co_return result;
    result.prepared = hands->prepared();
    result.digest = hands->sent_digest();
    result.report = co_await hands->attempt();
    result.reason = result.report.reason;
    result.kept = hands->kept_json();
    result.slots.resize(names.kept_count());
    if (result.report.as_expected) hands->keep(result.slots);
    co_return result;
  }(&p, item, records));
}

std::string mistake(const std::string& yaml) {
  try {
    const load::plan p = plan_of(yaml);
    load::template_scope names;
    (void)actions::compile(p, names);
  } catch (const input_error& caught) {
    return std::string(caught.what()) + " | " + caught.hint();
  }
  return "nothing is wrong";
}

TEST(exec_action, an_exit_code_is_an_answer_and_0_is_expected) {
  const done well = exec("exec: {command: ['true']}");
  EXPECT_EQ(well.report.certain, certainty::answered);
  EXPECT_TRUE(well.report.as_expected);
  EXPECT_EQ(well.report.status, 0);
  const done badly = exec("exec: {command: [sh, -c, 'echo out; echo first >&2; echo last >&2; exit 3']}");
  EXPECT_EQ(badly.report.certain, certainty::answered);
  EXPECT_FALSE(badly.report.as_expected);
  EXPECT_EQ(badly.report.status, 3);
  EXPECT_EQ(badly.report.error, error_kind::status);
  EXPECT_EQ(badly.reason, "exit code 3: last");
}

TEST(exec_action, other_codes_can_be_expected) {
  const std::string three = "exec: {command: [sh, -c, 'exit 3']}\nexpect: ";
  EXPECT_TRUE(exec(three + "{exit: 3}").report.as_expected);
  EXPECT_TRUE(exec(three + "{exit: [0, 3]}").report.as_expected);
  EXPECT_FALSE(exec(three + "{exit: [0, 4]}").report.as_expected);
}

TEST(exec_action, words_are_rendered_and_no_shell_reads_them) {
  const done got = exec(R"(exec: {command: [printf, "%s|", "{{item}}", "$HOME `id` ; 'x'", "a  b", "", "{{item}}"]})"
                        "\nkeep: {all: stdout}");
  EXPECT_EQ(got.kept, R"({"all":"7|$HOME `id` ; 'x'|a  b||7|"})");
}

TEST(exec_action, its_environment_says_which_item_of_which_run_it_is) {
  ::setenv("EXEC_TEST_SECRET", "sesame", 1);
  const done got = exec(R"(exec:
  command: [sh, -c, 'echo "$LAKH_RUN $LAKH_ITEM $MINE $HOME"']
  env: {MINE: "{{env.EXEC_TEST_SECRET}}-{{item}}", HOME: /nowhere}
keep: {line: line}
)");
  EXPECT_EQ(got.kept, R"({"line":"run-1 7 sesame-7 /nowhere"})");
}

TEST(exec_action, a_key_is_in_the_environment_and_makes_it_repeatable) {
  const done got = exec("key: auto\nexec: {command: [sh, -c, 'echo $LAKH_KEY']}\nkeep: {line: line}");
  EXPECT_EQ(got.kept, R"({"line":"run-1-7"})");
  EXPECT_TRUE(got.keyed);
  const done without = exec("exec: {command: [sh, -c, 'echo ${LAKH_KEY-none}']}\nkeep: {line: line}");
  EXPECT_EQ(without.kept, R"({"line":"none"})");
  EXPECT_FALSE(without.keyed);
  EXPECT_FALSE(without.idempotent);
  EXPECT_TRUE(exec("exec: {command: ['true'], idempotent: true}").idempotent);
}

TEST(exec_action, its_input_is_a_template_or_a_file) {
  EXPECT_EQ(exec("exec: {command: [cat], stdin: 'item {{item}}'}\nkeep: {all: stdout}").kept, R"({"all":"item 7"})");
  const scratch folder;
  std::ofstream(folder.path / "in.txt") << "from a file, item {{item}}";
  EXPECT_EQ(
      exec("exec: {command: [cat], stdin_file: " + (folder.path / "in.txt").string() + "}\nkeep: {all: stdout}").kept,
      R"({"all":"from a file, item 7"})");
  std::ofstream(folder.path / "empty").close();
  EXPECT_TRUE(exec("exec: {command: [cat], stdin_file: " + (folder.path / "empty").string() + "}").report.as_expected);
}

TEST(exec_action, it_runs_in_the_folder_that_is_named) {
  const scratch folder;
  std::filesystem::create_directory(folder.path / "7");
  const done got =
      exec("exec: {command: [pwd], directory: '" + folder.path.string() + "/{{item}}'}\nkeep: {line: line}");
  EXPECT_EQ(got.kept, R"({"line":")" + std::filesystem::canonical(folder.path / "7").string() + "\"}");
  const done nowhere = exec("exec: {command: [pwd], directory: '" + folder.path.string() + "/none'}");
  ASSERT_TRUE(nowhere.made);
  EXPECT_EQ(nowhere.report.certain, certainty::not_sent);
  EXPECT_THAT(nowhere.reason, HasSubstr("cannot be started: No such file or directory (in "));
}

TEST(exec_action, what_it_writes_can_be_expected) {
  const std::string says = R"(exec: {command: [printf, '{"ok": true, "n": 7, "name": "Ann"}\nsecond line\n']})"
                           "\nexpect: ";
  EXPECT_TRUE(exec(says + "{stdout: {contains: second}}").report.as_expected);
  EXPECT_TRUE(exec(says + "{stdout: {contains: ['\"n\": {{item}}', line]}}").report.as_expected);
  EXPECT_TRUE(exec(says + "{stdout: {matches: '^second +line$'}}").report.as_expected);
  EXPECT_TRUE(exec(says + "{stdout: {json: {$.ok: true, $.n: '{{item}}', $.name: Ann}}}").report.as_expected);
  EXPECT_TRUE(exec(says + "{stdout: {empty: false}, stderr: {empty: true}}").report.as_expected);
  const done missing = exec(says + "{stdout: {contains: 'item {{item}}'}}");
  EXPECT_EQ(missing.report.certain, certainty::answered);
  EXPECT_EQ(missing.reason, "stdout does not contain 'item 7'");
  EXPECT_EQ(exec(says + "{stdout: {matches: '^third$'}}").reason, "stdout does not match '^third$'");
  EXPECT_EQ(exec(says + "{stdout: {json: {$.ok: false}}}").reason, "$.ok is true, not false");
  EXPECT_EQ(exec(says + "{stdout: {json: {$.name: Bo}}}").reason, R"($.name is "Ann", not "Bo")");
  EXPECT_EQ(exec(says + "{stdout: {json: {$.none: 1}}}").reason, "stdout has no $.none");
  EXPECT_EQ(exec(says + "{stderr: {contains: x}}").reason, "stderr does not contain 'x'");
  EXPECT_EQ(exec(says + "{stdout: {empty: true}}").reason, "stdout is not empty");
}

TEST(exec_action, keeps_values_lines_and_whole_streams) {
  const done got =
      exec(R"(exec: {command: [sh, -c, 'printf "{\"id\": \"a\\\\nb\", \"n\": [1]}\r\nmore\n"; echo no >&2']}
keep: {id: $.id, list: $.n, none: $.x, first: line, all: stdout, errors: stderr}
)");
  EXPECT_EQ(got.kept, R"({"id":"a\nb","list":[1],"none":null,"first":"{\"id\": \"a\\nb\", \"n\": [1]}",)"
                      R"("all":"{\"id\": \"a\\nb\", \"n\": [1]}\r\nmore","errors":"no"})");
  EXPECT_EQ(got.slots, (std::vector<std::string>{"a\nb", "[1]", "", R"({"id": "a\nb", "n": [1]})",
                                                 "{\"id\": \"a\\nb\", \"n\": [1]}\r\nmore", "no"}));
}

TEST(exec_action, an_expected_secret_is_told_as_the_plan_has_it) {
  ::setenv("EXEC_TEST_SECRET", "sesame", 1);
  const std::string says = "let: {auth: 'Bearer {{env.EXEC_TEST_SECRET}}'}\nexec: {command: [echo, '{\"a\": 1}']}\n";
  EXPECT_EQ(exec(says + "expect: {stdout: {contains: '{{env.EXEC_TEST_SECRET}} {{item}}'}}").reason,
            "stdout does not contain '{{env.EXEC_TEST_SECRET}} {{item}}'");
  EXPECT_EQ(exec(says + "expect: {stdout: {contains: '{{auth}}'}}").reason, "stdout does not contain '{{auth}}'");
  EXPECT_EQ(exec(says + "expect: {stdout: {json: {$.a: '{{env.EXEC_TEST_SECRET}}'}}}").reason,
            R"($.a is 1, not "{{env.EXEC_TEST_SECRET}}")");
}

TEST(exec_action, what_is_no_text_or_too_long_is_not_kept) {
  EXPECT_EQ(exec("exec: {command: [printf, '\\377']}\nkeep: {all: stdout}").kept, R"({"all":null})");
  EXPECT_EQ(exec("limits: {kept: 4B}\nexec: {command: [echo, 12345]}\nkeep: {all: stdout}").kept, R"({"all":null})");
}

TEST(exec_action, one_that_takes_too_long_is_ended_and_may_have_done_its_work) {
  const done got = exec("exec: {command: [sleep, 1000], timeout: 50ms}");
  EXPECT_EQ(got.report.certain, certainty::maybe_sent);
  EXPECT_EQ(got.report.error, error_kind::timeout);
  EXPECT_EQ(got.reason, "still running after 50ms: it was ended");
}

TEST(exec_action, one_that_does_not_want_to_end_is_killed) {
  const done got = exec(R"(exec: {command: [sh, -c, 'trap "" TERM; while :; do sleep 0.01; done'], timeout: 50ms,
  kill_after: 50ms})");
  EXPECT_EQ(got.report.error, error_kind::timeout);
  EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD);
}

TEST(exec_action, one_that_may_end_itself_has_time_for_it) {
  const scratch folder;
  const std::string file = (folder.path / "cleaned").string();
  const done got =
      exec("exec: {command: [sh, -c, 'trap \"echo yes > " + file +
           "; exit 0\" TERM; echo ready; while :; do sleep 0.01; done'], timeout: 300ms, kill_after: 30s}");
  EXPECT_EQ(got.report.error, error_kind::timeout);  // whatever it says: its time was over
  EXPECT_EQ(got.report.certain, certainty::maybe_sent);
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(exec_action, one_that_a_signal_ends_may_have_done_its_work_unless_that_is_expected) {
  const std::string dies = "exec: {command: [sh, -c, 'kill -KILL $$']}\n";
  const done got = exec(dies);
  EXPECT_EQ(got.report.certain, certainty::maybe_sent);
  EXPECT_EQ(got.report.error, error_kind::closed);
  EXPECT_EQ(got.report.status, 137);
  EXPECT_EQ(got.reason, "ended by SIGKILL");
  EXPECT_TRUE(exec(dies + "expect: {exit: 137}").report.as_expected);
}

TEST(exec_action, one_that_is_not_there_was_surely_not_run) {
  const done nowhere = exec("exec: {command: [no-such-program-here, '{{item}}']}");
  EXPECT_EQ(nowhere.report.certain, certainty::not_sent);
  EXPECT_EQ(nowhere.report.error, error_kind::input);
  EXPECT_EQ(nowhere.prepared, "no-such-program-here 7") << "what would be run needs no program to be shown";
  EXPECT_EQ(nowhere.reason, "there is no program 'no-such-program-here' in PATH");
  EXPECT_EQ(exec("exec: {command: [./none]}").reason, "there is no program './none'");
  EXPECT_EQ(exec("exec: {command: [/etc/passwd]}").reason, "'/etc/passwd' is not a program that may be run here");
  const scratch folder;
  const std::filesystem::path script = folder.path / "script";
  std::ofstream(script) << "echo no first line that says who reads it\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const done unreadable = exec("exec: {command: [" + script.string() + "]}");
  EXPECT_EQ(unreadable.report.certain, certainty::not_sent);
  EXPECT_THAT(unreadable.reason, HasSubstr("has no first line that names one (#!)"));
}

TEST(exec_action, a_nul_byte_is_refused_before_anything_runs) {
  const done got = exec(R"(exec: {command: [echo, "a\0b"]})");
  EXPECT_FALSE(got.made);
  EXPECT_THAT(got.reason, StartsWith("word 1 of the command contains a NUL byte"));
  EXPECT_FALSE(exec(R"(exec: {command: [echo], env: {X: "a\0b"}})").made);
}

TEST(exec_action, shows_what_it_runs_without_secrets) {
  ::setenv("EXEC_TEST_SECRET", "sesame", 1);
  EXPECT_EQ(exec("exec: {command: [echo, 'it''s {{item}}', '', plain], stdin: text}").prepared,
            "echo 'it'\\''s 7' '' plain\n\ntext");
  const done got = exec(R"(let: {auth: "Bearer {{env.EXEC_TEST_SECRET}}"}
exec: {command: [echo, "{{env.EXEC_TEST_SECRET}}", "-H={{auth}}", --password, hunter2], stdin: "{{auth}}"})");
  EXPECT_EQ(got.prepared, "echo '{{env.EXEC_TEST_SECRET}}' '-H={{auth}}' --password '***'\n\n{{auth}}");
}

TEST(exec_action, the_digest_is_of_words_and_input) {
  const auto digest = [](const std::string& yaml) { return exec(yaml).digest; };
  const std::uint64_t one = digest("exec: {command: [echo, ab]}");
  EXPECT_NE(one, 0U);
  EXPECT_EQ(one, digest("exec: {command: [echo, ab]}"));
  EXPECT_NE(one, digest("exec: {command: [echo, a, b]}"));
  EXPECT_NE(one, digest("exec: {command: [echo, ab], stdin: c}"));
}

TEST(exec_action, keeps_the_output_of_a_run_as_it_is_told) {
  const scratch folder;
  const auto after = [&](std::uint32_t writer, const std::string& how, const std::vector<std::string>& commands) {
    load::side_records records(folder.path, "run-1", 1 + writer, writer);
    for (std::size_t i = 0; i < commands.size(); ++i)
      (void)exec("exec: {command: [sh, -c, \"" + commands[i] + "\"]" + how + "}", i, &records);
    return records.close();
  };
  EXPECT_TRUE(after(0, "", {"echo zero", "true", "printf '\\\\377\\\\0'; echo two >&2; exit 1", "kill -9 $$"}).empty());
  EXPECT_TRUE(after(1, ", output: failed", {"echo again", "echo ''; exit 1"}).empty());
  EXPECT_TRUE(after(2, ", output: discard", {"echo never"}).empty());
  EXPECT_THAT(after(3, ", output_total: 5B", {"true", "true", "echo 1234", "echo more"}),
              testing::ElementsAre("the output of 1 programs was not kept, since the run keeps no more (exec: "
                                   "output_total)"));
  std::string all;
  actions::exec_output_reader reader(folder.path);
  reader.for_each([&](const actions::exec_outputs& one) {
    all += std::to_string(one.item) + " session " + std::to_string(one.session) + " code " +
           std::to_string(one.exit_code.value_or(-1)) + " '" + one.output + "' '" + one.errors + "'\n";
    return true;
  });
  EXPECT_EQ(all, std::string("0 session 1 code 0 'zero\n' ''\n") + "1 session 2 code 1 '\n' ''\n" +
                     "2 session 4 code 0 '1234\n' ''\n");
  EXPECT_FALSE(std::filesystem::exists(folder.path / "output-2.db"));
}

TEST(exec_action, binary_output_comes_back_byte_for_byte_and_cut_output_says_how_much_there_was) {
  const scratch folder;
  {
    load::side_records records(folder.path, "run-1", 1, 0);
    (void)exec(R"(exec: {command: [printf, '\377\000x']})", 1, &records);
    (void)exec("exec: {command: [seq, 100000], capture: 10B}", 2, &records);
  }
  actions::exec_output_reader reader(folder.path);
  std::vector<actions::exec_outputs> all;
  reader.for_each([&](const actions::exec_outputs& one) {
    all.push_back(one);
    return true;
  });
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].output, std::string("\377\0x", 3));
  EXPECT_EQ(all[1].output, "1\n2\n3\n4\n5\n");
  EXPECT_EQ(all[1].output_size, 588'895U);
  actions::exec_output_choice second;
  second.item = 2;
  std::size_t only = 0;
  const auto add = [&](const actions::exec_outputs& one) {
    only += one.item;
    return true;
  };
  reader.for_each(add, second);
  EXPECT_EQ(only, 2U);
  int visits = 0;
  reader.for_each([&](const actions::exec_outputs&) { return ++visits < 1; });
  EXPECT_EQ(visits, 1) << "it goes on after it was told that it is enough";
}

// All attempts of one item, one after the other, as a lane makes them.
void attempts_of(const std::string& yaml, int attempts, load::side_records& records) {
  const load::plan p = plan_of(yaml);
  run([](const load::plan* given, int most, load::side_records* keeper) -> task<void> {
    load::template_scope names;
    load::declare(*given, load::feed_set(), names);
    const auto steps = actions::compile(*given, names);
    load::lane_resources resources(keeper);
    const auto hands = steps[0].act->make_performer(resources);
    load::render_input input;
    input.run = "run-1";
    std::string reason;
    EXPECT_TRUE(hands->prepare(input, reason)) << reason;
    for (int i = 0; i < most; ++i) (void)co_await hands->attempt();
  }(&p, attempts, &records));
}

std::string outputs_of(const std::filesystem::path& folder) {
  std::string all;
  actions::exec_output_reader(folder).for_each([&](const actions::exec_outputs& one) {
    all += std::to_string(one.attempt) + " '" + one.output + "' of " + std::to_string(one.output_size) + "\n";
    return true;
  });
  return all;
}

TEST(exec_action, what_an_attempt_wrote_is_not_taken_for_that_of_the_next_one) {
  const auto after = [](const std::string& line, const std::string& settings) {
    const scratch folder;
    load::side_records records(folder.path, "run-1", 1, 0);
    attempts_of("exec: {command: [sh, -c, '" + line + "'], directory: " + folder.path.string() + settings + "}", 2,
                records);
    (void)records.close();
    return outputs_of(folder.path);
  };
  const std::string first = "if ! test -e been; then touch been; echo first; exit 1; fi; ";
  EXPECT_EQ(after(first + "echo second", ""), "2 'second\n' of 7\n");
  EXPECT_EQ(after(first + "true", ""), "");
  EXPECT_EQ(after(first + "echo second", ", output: failed"), "");
  EXPECT_EQ(after(first + "echo second", ", output_total: 6B"), "2 '' of 7\n");
}

TEST(exec_action, output_for_which_there_is_no_thread_is_lost_and_the_run_goes_on) {
  const scratch folder;
  load::side_records records(folder.path, "run-1", 1, 0);
  // No thread can be started with such a stack.
  pthread_attr_t before;
  pthread_attr_t huge;
  ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(::pthread_attr_init(&huge), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&huge, std::size_t{1} << 46U), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&huge), 0);
  const done first = exec("exec: {command: [echo, lost]}", 1, &records);
  const done second = exec("exec: {command: [echo, lost]}", 2, &records);
  ::pthread_setattr_default_np(&before);
  EXPECT_TRUE(first.report.as_expected);
  EXPECT_TRUE(second.report.as_expected);
  EXPECT_THAT(records.close(),
              testing::ElementsAre(StartsWith("not all output of the programs could be kept: no thread")));
}

TEST(exec_action, one_that_went_away_between_two_attempts_left_no_output) {
  const scratch folder;
  const std::string script = (folder.path / "script").string();
  std::ofstream(script) << "#!/bin/sh\necho here; rm \"$0\"; exit 1\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  load::side_records records(folder.path, "run-1", 1, 0);
  attempts_of("exec: {command: [" + script + "]}", 2, records);
  (void)records.close();
  EXPECT_EQ(outputs_of(folder.path), "");
}

TEST(exec_action, mistakes_are_told_with_their_place) {
  EXPECT_THAT(mistake("exec: {command: ls -l}"), HasSubstr("exec.command is a list of words"));
  EXPECT_THAT(mistake("exec: {command: ls -l}"), HasSubstr("[sh, -c,"));
  EXPECT_THAT(mistake("exec: {command: []}"), HasSubstr("exec.command is empty"));
  EXPECT_THAT(mistake("exec: {stdin: x}"), HasSubstr("command"));
  EXPECT_THAT(mistake("exec: {command: [a], stdin: x, stdin_file: y}"), HasSubstr("a program has one input"));
  EXPECT_THAT(mistake("exec: {command: [a], stdin_file: /no/such}"), HasSubstr("cannot read '/no/such'"));
  EXPECT_THAT(mistake("exec: {command: [a], stdin_file: /tmp}"), HasSubstr("cannot read '/tmp'"));
  EXPECT_THAT(mistake("exec: {command: [a], comand: [b]}"), HasSubstr("comand"));
  EXPECT_THAT(mistake("exec: {command: [a], env: {A=B: c}}"), HasSubstr("cannot be the name of an environment"));
  EXPECT_THAT(mistake("exec: {command: [a], env: {LAKH_ITEM: c}}"), HasSubstr("set by lakh itself"));
  EXPECT_THAT(mistake("exec: {command: [a], timeout: 0s}"), HasSubstr("must be longer than 0s"));
  EXPECT_THAT(mistake("exec: {command: [a], capture: 257MiB}"), HasSubstr("from 1 byte to 256MiB"));
  EXPECT_THAT(mistake("exec: {command: [a], output: some}"), HasSubstr("exec.output"));
  EXPECT_THAT(mistake("exec: {command: [a]}\nexpect: {exit: 256}"), HasSubstr("expect.exit"));
  EXPECT_THAT(mistake("exec: {command: [a]}\nexpect: {exit: []}"), HasSubstr("names no code"));
  EXPECT_THAT(mistake("exec: {command: [a]}\nexpect: {status: 200}"), HasSubstr("status"));
  EXPECT_THAT(mistake("exec: {command: [a]}\nexpect: {stdout: done}"), HasSubstr("says what is looked for"));
  EXPECT_THAT(mistake("exec: {command: [a]}\nexpect: {stdout: {matches: '('}}"), HasSubstr("not a regular expression"));
  EXPECT_THAT(mistake("exec: {command: [a]}\nkeep: {x: first}"), HasSubstr("exec has no 'first' to keep"));
  EXPECT_THAT(mistake("exec: {command: ['{{nothing}}']}"), HasSubstr("nothing"));
}

TEST(exec_action, programs_are_found_as_a_shell_finds_them) {
  const scratch folder;
  std::filesystem::create_directory(folder.path / "bin");
  std::ofstream(folder.path / "bin" / "tool") << "#!/bin/sh\n";
  std::ofstream(folder.path / "bin" / "data") << "x";
  std::filesystem::permissions(folder.path / "bin" / "tool", std::filesystem::perms::owner_all);
  const std::string path = "/no/such:" + (folder.path / "bin").string();
  EXPECT_EQ(actions::find_program("tool", "/", path).value(), (folder.path / "bin" / "tool").string());
  EXPECT_EQ(actions::find_program("tool", folder.path / "bin", "/none:").value(),
            (folder.path / "bin" / "" / "tool").string());
  EXPECT_EQ(actions::find_program("bin/tool", folder.path, "").value(), (folder.path / "bin/tool").string());
  EXPECT_EQ(actions::find_program("data", "/", path).error(), "'data' in PATH is not a program that may be run");
  EXPECT_EQ(actions::find_program("", "/", path).error(), "the program's name is empty");
}

}  // namespace

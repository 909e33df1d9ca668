// `lakh exec`, and programs behind `lakh load`, end to end in this process.
#include "action_words.hpp"
#include "harness.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace {

using namespace lakh::cli::test;
using testing::HasSubstr;
using testing::Not;

said load(const scratch_folder& folder, std::vector<std::string> words, const surroundings& around = {}) {
  words.insert(words.begin(), {"load", "--runs", folder.path("runs"), "--progress", "none"});
  return say(std::move(words), around);
}
said runs(const scratch_folder& folder, std::vector<std::string> words) {
  words.insert(words.begin(), {"runs", "--runs", folder.path("runs")});
  return say(std::move(words));
}

TEST(exec, passes_output_and_errors_through) {
  const said got = say({"exec", "--", "sh", "-c", "echo out; echo err >&2"});
  EXPECT_EQ(got.code, 0);
  EXPECT_EQ(got.out, "out\n");
  EXPECT_EQ(got.err, "err\n");
}

TEST(exec, words_behind_the_program_are_its_own_and_templates_are_not_put_in) {
  EXPECT_EQ(say({"exec", "echo", "--json", "-n", "--", "{{item}}"}).out, "--json -n -- {{item}}\n");
  EXPECT_EQ(say({"exec", "--", "echo", "--timeout", "-e", "$HOME *"}).out, "--timeout -e $HOME *\n");
}

TEST(exec, the_exit_code_is_1_where_the_program_does_not_do_what_it_should) {
  const said got = say({"exec", "--", "sh", "-c", "echo why >&2; exit 7"});
  EXPECT_EQ(got.code, 1);
  EXPECT_EQ(got.err, "why\nnot as expected: exit code 7: why\n");
  EXPECT_EQ(say({"exec", "--expect", "0,7", "--", "sh", "-c", "exit 7"}).code, 0);
  EXPECT_EQ(say({"exec", "-e", "7", "--", "true"}).code, 1);
}

TEST(exec, what_it_writes_can_be_expected_and_kept) {
  const std::vector<std::string> program = {"--", "printf", R"({"state": "ready", "n": 3}\nrest\n)"};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "exec");
    words.insert(words.end(), program.begin(), program.end());
    return say(std::move(words));
  };
  EXPECT_EQ(with({"--expect-json", "$.state=ready", "--expect-json", "$.n=3"}).code, 0);
  EXPECT_EQ(with({"--expect-output", "rest", "--expect-match", "^re[a-z]+$"}).code, 0);
  const said wrong = with({"--expect-json", "$.state=gone"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr(R"(not as expected: $.state is "ready", not "gone")"));
  EXPECT_EQ(with({"--keep", "state=$.state", "--keep", "line=line"}).out,
            "state=ready\nline={\"state\": \"ready\", \"n\": 3}\n");
}

TEST(exec, reads_what_it_is_given) {
  EXPECT_EQ(say({"exec", "--", "cat"}).out, "");
  EXPECT_EQ(say({"exec", "--stdin", "given", "--", "cat"}).out, "given");
  surroundings typed;
  typed.input = "typed {{item}}";
  EXPECT_EQ(say({"exec", "--stdin", "@-", "--", "cat"}, typed).out, "typed {{item}}");
  const scratch_folder folder;
  EXPECT_EQ(say({"exec", "--stdin", "@" + folder.write("in", "of a file"), "--", "cat"}).out, "of a file");
  EXPECT_EQ(say({"exec", "-C", folder.path(), "--env", "A=b c", "--", "sh", "-c", "echo \"$A\"; ls"}).out, "b c\nin\n");
}

TEST(exec, json_has_everything) {
  const said got = say({"exec", "--json", "--keep", "a=line", "--", "sh", "-c", "echo hi; printf '\\377' >&2"});
  EXPECT_EQ(got.err, "");
  const boost::json::value parsed = boost::json::parse(got.out);
  const boost::json::object& all = parsed.as_object();
  EXPECT_EQ(all.at("as_expected"), true);
  EXPECT_EQ(all.at("certainty"), "answered");
  EXPECT_EQ(all.at("exit_code"), 0);
  EXPECT_TRUE(all.at("signal").is_null());
  EXPECT_EQ(all.at("stdout"), "hi\n");
  EXPECT_EQ(all.at("stderr_base64"), "/w==");
  EXPECT_EQ(all.at("kept").at("a"), "hi");
  const said killed = say({"exec", "--json", "--", "sh", "-c", "kill -9 $$"});
  EXPECT_EQ(killed.code, 3);
  EXPECT_EQ(boost::json::parse(killed.out).at("signal"), 9);
  EXPECT_EQ(boost::json::parse(killed.out).at("certainty"), "maybe_sent");
}

TEST(exec, its_time_can_be_over) {
  const said got = say({"exec", "--timeout", "50ms", "--", "sleep", "1000"});
  EXPECT_EQ(got.code, 3);
  EXPECT_THAT(got.err, HasSubstr("error: still running after 50ms"));
  EXPECT_THAT(got.err, HasSubstr("hint: --timeout"));
}

TEST(exec, one_that_is_not_there_is_wrong_input) {
  const said got = say({"exec", "--", "no-such-program-here"});
  EXPECT_EQ(got.code, 2);
  EXPECT_THAT(got.err, HasSubstr("there is no program 'no-such-program-here' in PATH"));
  EXPECT_THAT(say({"exec", "--", "ls -l | wc"}).err, HasSubstr("sh -c 'ls -l | wc'"));
  EXPECT_THAT(say({"exec", "-C", "/no/such", "--", "true"}).err, HasSubstr("there is no folder '/no/such"));
}

struct slip {
  std::vector<std::string> words;
  std::string error;
  std::string hint;
};
void PrintTo(const slip& one, std::ostream* to) {
  for (const std::string& word : one.words) *to << word << ' ';
}
class exec_slips : public testing::TestWithParam<slip> {};

TEST_P(exec_slips, are_refused_with_what_to_do) {
  const said got = say(GetParam().words);
  EXPECT_EQ(got.code, 2) << got.err;
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, HasSubstr(GetParam().error));
  EXPECT_THAT(got.err, HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(
    words, exec_slips,
    testing::Values(slip{{"exec"}, "'exec' needs a program", "without a shell"},
                    slip{{"load", "-n", "1", "exec"}, "'exec' needs a program", "as in: exec --"},
                    slip{{"exec", "--expect", "256", "--", "true"}, "--expect", "256"},
                    slip{{"exec", "--expct", "1", "--", "true"}, "has no option --expct", "did you mean --expect?"},
                    slip{{"exec", "--env", "A", "--", "true"}, "--env 'A' has no name and value", "--env NAME=VALUE"},
                    slip{{"exec", "--keep", "a=first", "--", "true"}, "exec has no 'first' to keep", "line is the"},
                    slip{{"exec", "--expect-match", "(", "--", "true"}, "not a regular expression", "grep -E"},
                    slip{{"exec", "--capture", "0", "--", "true"}, "exec.capture must be", ""},
                    slip{{"exec", "--stdin", "@/no/such", "--", "cat"}, "cannot read '/no/such'", "exist"},
                    slip{{"load", "-n", "1", "--idempotent", "exec", "true"},
                         "has no option --idempotent",
                         "it belongs behind the word 'exec'"},
                    slip{{"load", "-n", "1", "exec", "--output", "some", "--", "true"}, "--output must be one of", ""},
                    slip{{"load", "-n", "1", "exec", "--", "echo", "{{nothing}}"}, "nothing", ""},
                    slip{{"load", "-n", "1", "exec", "--", "no-such-program-here"}, "there is no program", "PATH"}));

TEST(exec, the_help_says_what_a_user_of_it_must_know) {
  const std::string help = say({"help", "exec"}).out;
  for (const char* text : {"there is no shell", "sh -c", "session of its own", "--kill-after", "exit code"})
    EXPECT_THAT(help, HasSubstr(text));
  EXPECT_THAT(help, Not(HasSubstr("--idempotent")));
  EXPECT_THAT(say({"help", "load"}).out, HasSubstr("Behind the word 'exec'"));
  EXPECT_THAT(say({"help", "load"}).out, HasSubstr("--idempotent"));
}

TEST(exec, many_times_each_with_its_row_and_its_output) {
  const scratch_folder folder;
  const std::string hosts = folder.write("hosts.csv", "name\nalpha\nbeta gamma\n$(id)\n");
  const said got = load(folder, {"-n", "3", "--feed", "hosts=" + hosts, "exec", "--keep", "said=line", "--", "sh", "-c",
                                 "echo \"$1\"; echo \"no $1\" >&2", "sh", "{{hosts.name}}"});
  EXPECT_EQ(got.code, 0) << got.out << got.err;
  EXPECT_THAT(got.out, HasSubstr("0 × 3"));
  EXPECT_THAT(got.err, HasSubstr(" at a time, as there are processors; --users says otherwise"));
  EXPECT_EQ(runs(folder, {"output", "last"}).out, "alpha\nbeta gamma\n$(id)\n");
  EXPECT_EQ(runs(folder, {"output", "last", "--stderr", "--tag"}).out, "0\tno alpha\n1\tno beta gamma\n2\tno $(id)\n");
  EXPECT_EQ(runs(folder, {"output", "last", "1"}).out, "beta gamma\n");
  EXPECT_THAT(runs(folder, {"show", "last", "--confirmed", "--json"}).out, HasSubstr(R"("said":"beta gamma")"));
  EXPECT_THAT(runs(folder, {"export", "last"}).out, HasSubstr("sh -c 'echo"));
}

TEST(exec, exit_codes_are_statuses_and_what_failed_is_listed_with_its_last_words) {
  const scratch_folder folder;
  const said got = load(folder, {"-n", "6", "exec", "--", "sh", "-c", "echo item {{item}}; exit $(({{item}} % 3))"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("0 × 2   1 × 2   2 × 2"));
  EXPECT_EQ(runs(folder, {"output", "last", "--failed"}).out, "item 1\nitem 2\nitem 4\nitem 5\n");
  EXPECT_EQ(runs(folder, {"output", "last", "--confirmed", "--limit", "1"}).out, "item 0\n");
  EXPECT_THAT(runs(folder, {"show", "last", "--failed"}).out, HasSubstr("exit code 2: item 5"));
  const said json = runs(folder, {"output", "last", "5", "--json"});
  EXPECT_EQ(boost::json::parse(json.out).at("exit_code"), 2);
}

TEST(exec, output_that_nobody_wants_is_not_kept) {
  const scratch_folder folder;
  const std::string line = "echo item {{item}}; test {{item}} != 1";
  EXPECT_EQ(load(folder, {"-n", "3", "exec", "--output", "failed", "--", "sh", "-c", line}).code, 1);
  EXPECT_EQ(runs(folder, {"output", "last"}).out, "item 1\n");
  EXPECT_EQ(load(folder, {"-n", "3", "exec", "--output", "discard", "--", "sh", "-c", line}).code, 1);
  const said none = runs(folder, {"output", "last"});
  EXPECT_EQ(none.out, "");
  EXPECT_THAT(none.err, HasSubstr("no output is kept"));
  EXPECT_EQ(load(folder, {"-n", "1", "exec", "--capture", "4B", "--", "echo", "longer"}).code, 0);
  const said cut = runs(folder, {"output", "last"});
  EXPECT_EQ(cut.out, "long");
  EXPECT_THAT(cut.err, HasSubstr("only the beginning was kept"));
}

TEST(exec, a_plan_says_it_all_and_steps_hand_on_what_they_keep) {
  const scratch_folder folder;
  std::filesystem::create_directory(folder.path("work"));
  const std::string plan = folder.write("plan.yaml", R"(
items: 4
steps:
  - name: make
    exec: {command: [sh, -c, 'echo "{\"id\": {{item}}}"'], directory: work}
    expect: {stdout: {json: {$.id: "{{item}}"}}}
    keep: {id: $.id}
  - name: use
    exec: {command: [sh, -c, 'cat > got-{{make.id}}; pwd'], stdin: "id {{make.id}}", directory: work}
)");
  const said got = load(folder, {plan});
  EXPECT_EQ(got.code, 0) << got.out << got.err;
  EXPECT_EQ(read_file(folder.path("work/got-3")), "id 3");
  EXPECT_THAT(runs(folder, {"output", "last", "2", "--json"}).out, HasSubstr(R"("step":"use")"));
}

TEST(exec, the_last_attempt_is_what_is_shown_also_where_it_wrote_nothing) {
  const scratch_folder folder;
  const std::string fixed = "test -e '" + folder.path("fixed") + "'";
  EXPECT_EQ(load(folder, {"-n", "3", "exec", "--", "sh", "-c", fixed + " && exit 0; echo wrong {{item}}; exit 1"}).code,
            1);
  EXPECT_EQ(runs(folder, {"output", "last"}).out, "wrong 0\nwrong 1\nwrong 2\n");
  (void)folder.write("fixed", "");
  EXPECT_EQ(load(folder, {"--resume", "last", "--retry-failed"}).code, 0);
  EXPECT_EQ(runs(folder, {"output", "last"}).out, "");
  EXPECT_EQ(runs(folder, {"output", "last", "--confirmed", "--json"}).out, "");
}

TEST(exec, of_a_resumed_run_the_output_of_what_was_not_run_again_stays) {
  const scratch_folder folder;
  const std::string line = "echo {{item}}; test -e '" + folder.path("fixed") + "' || test {{item}} != 1";
  EXPECT_EQ(load(folder, {"-n", "3", "exec", "--output", "keep", "--", "sh", "-c", line}).code, 1);
  (void)folder.write("fixed", "");
  EXPECT_EQ(load(folder, {"--resume", "last", "--retry-failed"}).code, 0);
  EXPECT_EQ(runs(folder, {"output", "last"}).out, "0\n1\n2\n");
  EXPECT_THAT(runs(folder, {"output", "last", "1", "--json"}).out, HasSubstr(R"("session":2)"));
  EXPECT_EQ(runs(folder, {"output", "last", "--limit", "2"}).out, "0\n1\n");
}

TEST(exec, what_would_be_run_is_listed_though_the_program_is_gone) {
  const scratch_folder folder;
  const std::string program = folder.write("program", "#!/bin/sh\nkill -9 $$\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_EQ(load(folder, {"-n", "2", "exec", "--", program, "{{item}}", "a b"}).code, 1);
  std::filesystem::remove(program);
  const std::string listed = runs(folder, {"export", "last", "--unknown"}).out;
  EXPECT_THAT(listed, HasSubstr(program + " 1 'a b'"));
  EXPECT_THAT(listed, Not(HasSubstr("there is no program")));
}

TEST(exec, once_nothing_is_a_template) {
  const scratch_folder folder;
  const std::string file = folder.write("in", "{{item}} {{\n");
  EXPECT_EQ(say({"exec", "--stdin", "@" + file, "--", "cat"}).out, "{{item}} {{\n");
  EXPECT_EQ(say({"exec", "--expect-match", "a[{{]b", "--", "echo", "a{b"}).code, 0);
  EXPECT_EQ(say({"exec", "--expect-match", "a[{{]b", "--", "echo", "a\"b"}).code, 1);
  EXPECT_EQ(say({"exec", "--expect-output", "{{item}}", "--", "echo", "{{item}}"}).code, 0);
}

TEST(exec, secrets_stay_names) {
  ::setenv("EXEC_CLI_SECRET", "sesame", 1);
  const scratch_folder folder;
  const said got = load(folder, {"-n", "2", "exec", "--output", "discard", "--env", "TOKEN={{env.EXEC_CLI_SECRET}}",
                                 "--", "sh", "-c", "test \"$TOKEN\" = \"$1\"", "sh", "{{env.EXEC_CLI_SECRET}}"});
  EXPECT_EQ(got.code, 0) << got.out << got.err;
  // Also where one is expected, and does not come.
  const said other = load(folder, {"-n", "1", "exec", "--expect-output", "{{env.EXEC_CLI_SECRET}}", "--", "echo", "x"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.out, HasSubstr("stdout does not contain '{{env.EXEC_CLI_SECRET}}'"));
  EXPECT_THAT(runs(folder, {"export", "last"}).out, Not(HasSubstr("sesame")));
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path("runs")))
    if (file.is_regular_file()) EXPECT_THAT(read_file(file.path().string()), Not(HasSubstr("sesame"))) << file.path();
}

TEST(exec, what_was_claimed_is_run_again_only_where_that_is_the_same) {
  const scratch_folder folder;
  const said got = load(folder, {"-n", "3", "--attempts", "3", "exec", "--idempotent", "--", "sh", "-c",
                                 "echo x >> '" + folder.path("log") + "'; kill -9 $$"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("9, 6 of them retries"));
  EXPECT_EQ(read_file(folder.path("log")).size(), 18U);
  const said once = load(folder, {"-n", "3", "--attempts", "3", "exec", "--", "sh", "-c",
                                  "echo x >> '" + folder.path("log") + "'; kill -9 $$"});
  EXPECT_THAT(once.out, HasSubstr("unknown                            3\n"));
  EXPECT_THAT(once.out, HasSubstr("ended by SIGKILL"));
  EXPECT_EQ(read_file(folder.path("log")).size(), 24U);
}

}  // namespace

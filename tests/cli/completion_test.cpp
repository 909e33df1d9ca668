// The completion scripts, tried in the shells that they are for.
#include "completion.hpp"
#include "harness.hpp"
#include "verb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <set>
#include <sstream>

namespace {

using namespace lakh::cli::test;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::string output_of(const std::string& command) {
  std::string text;
  FILE* from = ::popen(command.c_str(), "r");
  if (from == nullptr) return text;
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), from)) text.append(buffer.data(), got);
  ::pclose(from);
  return text;
}

class bash : public testing::Test {
 protected:
  bash() { folder_.write("lakh.bash", lakh::cli::bash_completion()); }

  // What bash offers where the line ends; the last word may be empty.
  std::set<std::string> offered(const std::vector<std::string>& words) {
    std::string line = "cd '" + folder_.path() + "'; . ./lakh.bash; COMP_WORDS=(";
    for (const std::string& one : words) line += "'" + one + "' ";
    line += "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; _lakh 2>&1; printf '%s\\n' \"${COMPREPLY[@]}\"";
    const std::string script = folder_.write("ask.bash", line);
    std::istringstream lines(output_of("bash " + script));
    std::set<std::string> all;
    for (std::string one; std::getline(lines, one);)
      if (!one.empty()) all.insert(one);
    return all;
  }
  scratch_folder folder_;
};

TEST_F(bash, offers_every_verb) {
  const auto got = offered({"lakh", ""});
  for (const lakh::cli::verb* one : lakh::cli::all_verbs()) EXPECT_THAT(got, Contains(std::string(one->name)));
  EXPECT_EQ(offered({"lakh", "comp"}), (std::set<std::string>{"compare", "completion", "compute"}));
  EXPECT_THAT(offered({"lakh", "help", ""}), Contains("load"));
}

TEST_F(bash, offers_every_option_of_every_verb) {
  for (const lakh::cli::verb* one : lakh::cli::all_verbs()) {
    const auto got = offered({"lakh", std::string(one->name), "-"});
    EXPECT_THAT(got, Contains("--help"));
    for (const lakh::cli::option& o : one->options) EXPECT_THAT(got, Contains(std::string(o.name)));
  }
}

TEST_F(bash, offers_an_actions_options_behind_it) {
  EXPECT_THAT(offered({"lakh", "load", "-n", "5", ""}), Contains("http"));
  EXPECT_THAT(offered({"lakh", "load", "--exp"}), testing::IsEmpty());
  EXPECT_EQ(offered({"lakh", "load", "http", "--expect-"}),
            (std::set<std::string>{"--expect-header", "--expect-json"}));
  EXPECT_THAT(offered({"lakh", "load", "http", "--us"}), Contains("--users"));
  EXPECT_THAT(offered({"lakh", "load", "http", ""}), Contains("POST"));
}

TEST_F(bash, offers_values_where_only_some_are_right) {
  EXPECT_EQ(offered({"lakh", "http", "--format", ""}), (std::set<std::string>{"json", "raw", "text"}));
  EXPECT_EQ(offered({"lakh", "load", "--progress", "p"}), (std::set<std::string>{"plain"}));
  EXPECT_THAT(offered({"lakh", "load", "--items", ""}), testing::IsEmpty());
  EXPECT_THAT(offered({"lakh", "runs", ""}), Contains("show"));
  EXPECT_EQ(offered({"lakh", "completion", "z"}), (std::set<std::string>{"zsh"}));
}

TEST_F(bash, offers_files_also_behind_an_at_sign) {
  folder_.write("my order.json", "{}");
  EXPECT_THAT(offered({"lakh", "http", "--json", "@my"}), Contains("@my order.json"));
  EXPECT_THAT(offered({"lakh", "load", "my"}), Contains("my order.json"));
  EXPECT_THAT(offered({"lakh", "load", "--feed", "c=my"}), Contains("my order.json"));
}

TEST(completion, the_verb_prints_what_the_library_makes) {
  EXPECT_EQ(say({"completion", "bash"}).out, lakh::cli::bash_completion());
  EXPECT_EQ(say({"completion", "zsh"}).out, lakh::cli::zsh_completion());
  EXPECT_EQ(say({"completion", "fish"}).out, lakh::cli::fish_completion());
}

TEST(completion, of_every_shell_knows_every_option) {
  for (const std::string& script : {lakh::cli::zsh_completion(), lakh::cli::fish_completion()})
    for (const lakh::cli::verb* one : lakh::cli::all_verbs())
      for (const lakh::cli::option& o : one->options) EXPECT_THAT(script, HasSubstr(std::string(o.name.substr(2))));
}

TEST(completion, shells_that_are_here_can_read_it) {
  const scratch_folder folder;
  for (const auto& [shell, script] :
       {std::pair("bash", lakh::cli::bash_completion()), std::pair("zsh", lakh::cli::zsh_completion()),
        std::pair("fish", lakh::cli::fish_completion())}) {
    const std::string name(shell);
    if (output_of("command -v " + name).empty()) continue;
    EXPECT_EQ(output_of(name + " -n " + folder.write(name, script) + " 2>&1; echo $?"), "0\n") << name;
  }
}

// The program itself, as a shell starts it.
TEST(program, says_with_its_exit_code_what_happened) {
  const std::string lakh = LAKH_PROGRAM;
  EXPECT_EQ(output_of(lakh + " --version >/dev/null; echo $?"), "0\n");
  EXPECT_EQ(output_of(lakh + " laod 2>/dev/null; echo $?"), "2\n");
  EXPECT_EQ(output_of(lakh + " --help >/dev/full 2>/dev/null; echo $?"), "4\n");
  EXPECT_THAT(output_of(lakh + " --help"), Not(HasSubstr("\x1b[")));
}

}  // namespace

// What every command line has in common: verbs, options, help, errors, colours.
#include "action_words.hpp"
#include "harness.hpp"
#include "verb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>

namespace {

using lakh::cli::test::said;
using lakh::cli::test::say;
using lakh::cli::test::surroundings;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(words, nothing_said_shows_the_help_and_is_an_error) {
  const said got = say({});
  EXPECT_EQ(got.code, 2);
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, HasSubstr("lakh VERB"));
}

TEST(words, help_lists_every_verb_and_every_exit_code) {
  for (const char* how : {"--help", "-h", "help"}) {
    const said got = say({how});
    EXPECT_EQ(got.code, 0);
    for (const lakh::cli::verb* one : lakh::cli::all_verbs()) EXPECT_THAT(got.out, HasSubstr(std::string(one->name)));
    for (const char* code : {"0", "1", "2", "3", "4", "5", "6", "70", "130", "143"})
      EXPECT_THAT(got.out, HasSubstr("\n  " + std::string(code) + " "));
  }
}

// The words of a command, up to where the shell's own begin.
std::vector<std::string> words_of(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool in_quotes = false;
  bool begun = false;
  const std::size_t end = std::min({command.find(" |"), command.find(" >"), command.find(" 2>"), command.size()});
  for (const char c : command.substr(0, end)) {
    if (c == '\'') {
      in_quotes = !in_quotes;
      begun = true;
    } else if (c == ' ' && !in_quotes) {
      if (begun) words.push_back(word);
      word.clear();
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (begun) words.push_back(word);
  return words;
}

TEST(words, the_help_of_a_verb_names_every_option_and_its_examples_are_understood) {
  for (const lakh::cli::verb* one : lakh::cli::all_verbs()) {
    const said got = say({std::string(one->name), "--help"});
    EXPECT_EQ(got.code, 0) << one->name;
    EXPECT_EQ(got.out, say({"help", std::string(one->name)}).out);
    for (const lakh::cli::option& o : one->options) EXPECT_THAT(got.out, HasSubstr(std::string(o.name))) << one->name;
    EXPECT_FALSE(one->examples.empty()) << one->name;
    for (const lakh::cli::example& e : one->examples) {
      EXPECT_THAT(got.out, HasSubstr(std::string(e.command)));
      std::vector<std::string> words = words_of(e.command);
      if (words.size() < 2 || words[0] != "lakh") continue;
      const auto meant =
          std::ranges::find_if(lakh::cli::all_verbs(), [&](const lakh::cli::verb* v) { return v->name == words[1]; });
      ASSERT_NE(meant, lakh::cli::all_verbs().end()) << e.command;
      words.erase(words.begin(), words.begin() + 2);
      EXPECT_NO_THROW(static_cast<void>(lakh::cli::read_words(**meant, words))) << e.command;
    }
  }
}

TEST(words, no_two_options_of_a_verb_share_a_name_or_a_letter) {
  for (const lakh::cli::verb* one : lakh::cli::all_verbs()) {
    std::set<std::string_view> names{"--help"};
    std::set<char> letters{'h'};
    for (const lakh::cli::option& o : one->options) {
      EXPECT_TRUE(o.name.starts_with("--")) << o.name;
      EXPECT_TRUE(names.insert(o.name).second) << one->name << ' ' << o.name;
      if (o.letter != 0) EXPECT_TRUE(letters.insert(o.letter).second) << one->name << " -" << o.letter;
      EXPECT_FALSE(o.help.ends_with('.')) << o.name;
    }
  }
}

TEST(words, help_fits_into_the_columns_of_the_terminal) {
  surroundings narrow;
  narrow.width = 50;
  const std::string text = say({"help", "completion"}, narrow).out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    if (!line.starts_with("  lakh") && !line.starts_with("  source")) EXPECT_LE(line.size(), 50U) << line;
    begin = end + 1;
  }
}

TEST(words, the_version_is_told) {
  EXPECT_THAT(say({"--version"}).out, StartsWith("lakh "));
  EXPECT_EQ(say({"--version"}).code, 0);
}

struct wrong_words {
  std::vector<std::string> words;
  std::string error;
  std::string hint;
};

void PrintTo(const wrong_words& one, std::ostream* to) {
  for (const std::string& word : one.words) *to << word << ' ';
}

class wrong : public testing::TestWithParam<wrong_words> {};

TEST_P(wrong, words_are_refused_with_what_to_do) {
  const said got = say(GetParam().words);
  EXPECT_EQ(got.code, 2) << got.err;
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, StartsWith("error: "));
  EXPECT_THAT(got.err, HasSubstr(GetParam().error));
  if (!GetParam().hint.empty()) EXPECT_THAT(got.err, HasSubstr("  hint: "));
  EXPECT_THAT(got.err, HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(
    words, wrong,
    testing::Values(
        wrong_words{{"laod"}, "no verb 'laod'", "did you mean 'load'?"},
        wrong_words{{"frobnicate"}, "no verb 'frobnicate'", "lakh --help"},
        wrong_words{{"--verbose"}, "no option --verbose", "lakh --help"},
        wrong_words{{"help", "htp"}, "no verb 'htp'", "did you mean 'http'?"},
        wrong_words{{"http://127.0.0.1/"}, "no verb", "lakh http http://127.0.0.1/"},
        wrong_words{{"orders.yaml"}, "no verb", "lakh load orders.yaml"},
        wrong_words{{"http", "--jsn", "{}", "http://x/"}, "no option --jsn", "did you mean --json?"},
        wrong_words{{"http", "-json", "{}", "http://x/"}, "no option -json", "did you mean --json?"},
        wrong_words{{"http", "-Z", "http://x/"}, "no option -Z", "lakh http --help"},
        wrong_words{{"http", "http://x/", "--json"}, "--json needs a value", "lakh http --help"},
        wrong_words{{"http", "http://x/", "--json", "--form", "a=b"},
                    "--json needs a value, but the option --form follows",
                    "--json=--form"},
        wrong_words{{"http", "http://x/", "--timings=yes"}, "--timings takes no value", ""},
        wrong_words{{"http", "http://x/", "--key", "a", "--key=b"}, "--key is given twice", "leave one"},
        wrong_words{{"http", "GET", "http://x/", "more"}, "'more' is one word too many", "lakh http --help"},
        wrong_words{{"http", "http://x/", "--format", "jsn"}, "--format must be one of", "did you mean 'json'?"},
        wrong_words{{"http", "http://x/", "--timeout", "5"}, "--timeout", ""},
        wrong_words{{"http", "http://x/", "--redirects", "-1"}, "--redirects must be a whole number from 0 to 100", ""},
        wrong_words{{"http"}, "needs a URL", "http POST"},
        wrong_words{{"http", "POST"}, "'http POST' needs a URL", "http POST http://"},
        wrong_words{{"http", "/orders"}, "'/orders' is no URL", "whole URL"},
        wrong_words{{"http", "P/ST", "http://x/"}, "'P/ST' is not a method", "before the URL"},
        wrong_words{{"http", "http://x/", "--json", "{}", "--data", "x"}, "one body", "leave all but one"},
        wrong_words{
            {"http", "http://x/", "--json", "{a}"}, "--json: this is not JSON, from character 2 on: a}", "--data"},
        wrong_words{{"http", "http://x/", "--data", "@/no/such/file"}, "cannot read '/no/such/file'", ""},
        wrong_words{{"http", "http://x/", "--form", "novalue"}, "--form 'novalue' has no name and value", "name=value"},
        wrong_words{{"http", "http://x/", "-H", "novalue"}, "is not 'Name: value'", "Accept: application/json"},
        wrong_words{{"http", "http://x/", "-H", "a: 1", "-H", "A: 2"}, "header A is given twice", "a list"},
        wrong_words{{"http", "http://x/", "--expect", "2oo"}, "--expect must be a whole number from 100 to 999", ""},
        wrong_words{{"http", "http://x/", "--expect", "201,"}, "--expect must be a whole number", ""},
        wrong_words{{"http", "http://x/", "--expect-json", "status"}, "--expect-json 'status'", "$.status=accepted"},
        wrong_words{{"http", "http://x/", "--keep", "a=b"}, "--keep", ""},
        wrong_words{{"http", "https://x/"}, "https is not supported", "http://"},
        wrong_words{{"http", "ftp://x/"}, "the scheme must be http", "http://"},
        wrong_words{{"http", "http://x/", "-H", "a: b\nc: d"}, "", ""},
        wrong_words{
            {"http", "GET", "http://x/", "timings"}, "'timings' is one word too many", "did you mean --timings?"},
        wrong_words{{"runs", "shw", "last"}, "'lakh runs shw' is not known", "did you mean 'lakh runs show'?"},
        wrong_words{{"runs", "show"}, "needs a run", "'last'"},
        wrong_words{{"runs", "20261121-235901-k7f3q2"}, "is not known", "lakh runs show 20261121-235901-k7f3q2"},
        wrong_words{{"runs", "show", "last", "--runs", "/no/such/folder"}, "", ""},
        wrong_words{{"runs", "--limit", "0"}, "--limit must be a whole number of at least 1", ""},
        wrong_words{{"completion"}, "needs the name of your shell", "bash, zsh or fish"},
        wrong_words{{"completion", "bsh"}, "no completion for 'bsh'", "did you mean 'bash'?"}));

TEST(words, an_option_may_be_written_in_every_usual_way) {
  const lakh::cli::verb& by = lakh::cli::load_verb();
  for (const std::vector<std::string>& written : std::vector<std::vector<std::string>>{
           {"-n", "7"}, {"-n7"}, {"--items", "7"}, {"--items=7"}, {"-qn", "7"}, {"-qn7"}})
    EXPECT_EQ(lakh::cli::read_words(by, written).given.text("--items"), "7");
  EXPECT_EQ(lakh::cli::read_words(by, std::vector<std::string>{"--let=a=b=c"}).given.text("--let"), "a=b=c");
  EXPECT_EQ(lakh::cli::read_words(by, std::vector<std::string>{"--name="}).given.text("--name"), "");
  EXPECT_EQ(lakh::cli::read_words(by, std::vector<std::string>{"--name", "-"}).given.text("--name"), "-");
  EXPECT_EQ(lakh::cli::read_words(by, std::vector<std::string>{"--", "--odd.yaml"}).given.positional().at(0),
            "--odd.yaml");
}

TEST(words, behind_an_action_its_own_options_come_first) {
  const std::vector<std::string> line = {"--json", "-d", "5s", "http", "POST", "/x",
                                         "--json", "{}", "-n", "3",    "-d",   "body"};
  const auto read = lakh::cli::read_words(lakh::cli::load_verb(), line);
  EXPECT_TRUE(read.given.has("--json"));
  EXPECT_EQ(read.given.text("--json"), "");
  EXPECT_EQ(read.given.text("--duration"), "5s");
  EXPECT_EQ(read.given.text("--items"), "3");
  EXPECT_EQ(read.given.action(), "http");
  ASSERT_NE(read.given.behind_action(), nullptr);
  EXPECT_EQ(read.given.behind_action()->text("--json"), "{}");
  EXPECT_EQ(read.given.behind_action()->text("--data"), "body");
  EXPECT_EQ(read.given.behind_action()->positional(), (std::vector<std::string>{"POST", "/x"}));
}

TEST(words, colours_are_for_terminals_and_for_those_who_want_them) {
  surroundings terminal;
  terminal.out_is_terminal = terminal.err_is_terminal = true;
  EXPECT_THAT(say({"--help"}, terminal).out, HasSubstr("\x1b["));
  EXPECT_THAT(say({"laod"}, terminal).err, HasSubstr("\x1b["));
  EXPECT_THAT(say({"--help"}).out, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(say({"laod"}).err, Not(HasSubstr("\x1b[")));
  terminal.variables["NO_COLOR"] = "1";
  EXPECT_THAT(say({"--help"}, terminal).out, Not(HasSubstr("\x1b[")));
  terminal.variables = {{"TERM", "dumb"}};
  EXPECT_THAT(say({"laod"}, terminal).err, Not(HasSubstr("\x1b[")));
}

}  // namespace

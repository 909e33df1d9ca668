#include <lakh/core/shell_word.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace {

std::string as_the_shell_reads(const std::string& text) {
  FILE* shell = ::popen(("printf %s " + lakh::shell_word(text)).c_str(), "r");
  std::string read;
  std::array<char, 256> bytes{};
  for (std::size_t got = 0; (got = std::fread(bytes.data(), 1, bytes.size(), shell)) != 0;)
    read.append(bytes.data(), got);
  ::pclose(shell);
  return read;
}

TEST(shell_word, what_needs_no_quotes_has_none) {
  EXPECT_EQ(lakh::shell_word("--rate=10/s"), "--rate=10/s");
  EXPECT_EQ(lakh::shell_word("a b"), "'a b'");
  EXPECT_EQ(lakh::shell_word(""), "''");
}

TEST(shell_word, a_shell_reads_it_back) {
  for (const char* text : {"", "it's", "'", "''", "$HOME `id` $(id)", "a\nb\t*", "~", "#", "!!", "\\", "é", "a;b|c&d"})
    EXPECT_EQ(as_the_shell_reads(text), text);
}

}  // namespace

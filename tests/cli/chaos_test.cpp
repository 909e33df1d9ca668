// `lakh chaos` and `lakh shop --chaos` as they are typed.
#include "harness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <utility>

#include <signal.h>
#include <unistd.h>

namespace {

using lakh::cli::test::read_file;
using lakh::cli::test::said;
using lakh::cli::test::say;
using lakh::cli::test::scratch_folder;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

// Says it in a thread of its own, and ends it by a signal when it has written its port.
said say_and_end(std::vector<std::string> words, const scratch_folder& folder, int signal) {
  words.insert(words.end(), {"--port-file", folder.path("port")});
  said got;
  std::thread saying([&] { got = say(words); });
  for (int i = 0; i < 10'000 && read_file(folder.path("port")).empty(); ++i) ::usleep(1'000);
  ::kill(::getpid(), signal);
  saying.join();
  return got;
}

TEST(chaos_verb, says_where_it_listens_and_what_it_does_and_ends_on_a_signal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const scratch_folder folder;
    const said got = say_and_end({"chaos", "127.0.0.1:0", "127.0.0.1:9", "cut:1%@100,delay@5ms"}, folder, signal);
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_THAT(got.out, MatchesRegex("chaos: listening at 127.0.0.1:[0-9]+, before 127.0.0.1:9\n"
                                      "chaos: cut:1%@100,delay:100%@5ms,seed:1\n"
                                      "chaos: ended after 0 connections, 0 B up, 0 B down, delay 0, cut 0\n"));
    EXPECT_EQ(got.err, "");
  }
}

TEST(chaos_verb, speaks_json_to_machines) {
  const scratch_folder folder;
  const said got = say_and_end({"chaos", "127.0.0.1:0", "127.0.0.1:9", "refuse:1%,seed:7", "--json"}, folder, SIGINT);
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, StartsWith(R"({"event":"listening","address":"127.0.0.1:)"));
  EXPECT_THAT(got.out, HasSubstr(R"(,"target":"127.0.0.1:9","chaos":"refuse:1%,seed:7"})"));
  EXPECT_THAT(got.out, HasSubstr(R"({"event":"ended","connections":0,"unreachable":0,"bytes_up":0,"bytes_down":0,)"
                                 R"("harmed":{"refuse":0}})"));
}

TEST(chaos_verb, what_is_wrong_is_named_with_what_would_be_right) {
  const std::array<std::pair<std::vector<std::string>, const char*>, 9> table{{
      {{"chaos"}, "needs where to listen, a target, and what to do"},
      {{"chaos", ":0", ":9"}, "such as: lakh chaos"},
      {{"chaos", ":0", ":9", "cut", "more"}, "more"},
      {{"chaos", "nowhere", ":9", "cut"}, "address 'nowhere': the port is missing"},
      {{"chaos", ":0", ":0", "cut"}, "a target has no port 0"},
      {{"chaos", "127.0.0.1:9", "127.0.0.1:9", "cut"}, "it would connect to itself"},
      {{"chaos", ":0", ":9", "ctu:1%"}, "SPEC: 'ctu:1%': there is no 'ctu'"},
      {{"chaos", ":0", ":9", "drop-after:1%"}, "there is no 'drop-after'"},
      {{"chaos", ":0", ":9", "throttle@5"}, "'5' is no rate"},
  }};
  for (const auto& [words, complaint] : table) {
    const said got = say(words);
    EXPECT_EQ(got.code, 2) << complaint;
    EXPECT_EQ(got.out, "");
    EXPECT_THAT(got.err, HasSubstr(complaint));
  }
}

TEST(chaos_verb, an_address_that_is_taken_is_an_error_and_leaves_no_port_file) {
  const scratch_folder folder;
  const said got = say({"chaos", "unix:" + folder.path("none/sock"), ":9", "cut", "--port-file", folder.path("port")});
  EXPECT_NE(got.code, 0);
  EXPECT_THAT(got.err, HasSubstr("cannot listen on"));
  EXPECT_EQ(read_file(folder.path("port")), "");
}

TEST(chaos_verb, its_help_lists_every_word) {
  const said got = say({"chaos", "--help"});
  EXPECT_EQ(got.code, 0);
  for (const char* word : {"refuse ", "delay@TIME", "throttle@BYTES/s", "split@BYTES", "cut[@BYTES]", "reset[@BYTES]",
                           "hole[@BYTES]", "half-close[@BYTES]"})
    EXPECT_THAT(got.out, HasSubstr(std::string("\n  ") + word));
}

TEST(shop_verb, says_at_the_start_and_the_end_what_it_does_on_purpose) {
  const scratch_folder folder;
  const said got = say_and_end(
      {"shop", "--listen", "127.0.0.1:0", "--db", folder.path("shop.db"), "--chaos", "503:1%@2s,forget:5%,seed:7"},
      folder, SIGTERM);
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, HasSubstr("\nshop: fails on purpose: 503:1%@2s,forget:5%,seed:7\n"));
  EXPECT_THAT(got.out, HasSubstr("\nshop: failed on purpose: 503 0, forget 0\n"));
}

TEST(shop_verb, chaos_that_cannot_be_is_refused_before_anything_is_opened) {
  const scratch_folder folder;
  const said wrong = say({"shop", "--db", folder.path("shop.db"), "--chaos", "drop-after:60%,drop-before:60%"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--chaos: 'drop-after:60%,drop-before:60%': the shares add up to more than all"));
  const said near = say({"shop", "--db", folder.path("shop.db"), "--chaos", "dropafter:1%"});
  EXPECT_EQ(near.code, 2);
  EXPECT_THAT(near.err, HasSubstr("did you mean 'drop-after'?"));
  EXPECT_EQ(read_file(folder.path("shop.db")), "");
}

}  // namespace

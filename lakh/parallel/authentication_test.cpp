#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/net/memory_stream.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/framed.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;
using testing::HasSubstr;
using enum handshake_side;

const std::string secret = "sixteen bytes or";

// How both sides come out of it: connecting, accepting.
std::pair<handshake::state, handshake::state> shake(handshake& connecting, handshake& accepting) {
  std::string to_connecting = accepting.first();
  while (!to_connecting.empty()) {
    const std::string to_accepting = connecting.take(to_connecting);
    if (to_accepting.empty()) break;
    to_connecting = accepting.take(to_accepting);
  }
  return {connecting.now(), accepting.now()};
}

constexpr std::pair both_proved{handshake::state::proved, handshake::state::proved};
constexpr std::pair both_refused{handshake::state::refused, handshake::state::refused};

TEST(shared_key, has_sixteen_bytes_at_least) {
  EXPECT_THROW(shared_key("fifteen bytes !"), input_error);
  EXPECT_EQ(shared_key(secret).bytes(), secret);
  EXPECT_EQ(shared_key::random().bytes().size(), 32U);
  EXPECT_NE(shared_key::random().bytes(), shared_key::random().bytes());
}

TEST(shared_key, is_copied_moved_and_assigned_as_the_value_that_it_is) {
  shared_key one(secret);
  const shared_key other(std::string(100, 'k'));
  const shared_key copy = one;
  one = other;
  EXPECT_EQ(one.bytes(), other.bytes());
  EXPECT_EQ(copy.bytes(), secret);
  one = one.bytes() == other.bytes() ? one : copy;  // itself
  EXPECT_EQ(one.bytes(), other.bytes());
  one = shared_key(secret);
  const shared_key moved = std::move(one);
  EXPECT_EQ(moved.bytes(), secret);
}

TEST(shared_key, comes_from_a_file_that_only_its_owner_reads) {
  const auto file = std::filesystem::temp_directory_path() / ("lakh_key_" + std::to_string(::getpid()));
  std::ofstream(file) << secret << "\n";
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(shared_key::from_file(file).bytes(), secret);
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  EXPECT_THROW(shared_key::from_file(file), input_error);
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  std::ofstream(file) << "short\n";
  try {
    shared_key::from_file(file);
    ADD_FAILURE();
  } catch (const input_error& e) {
    EXPECT_THAT(e.what(), HasSubstr(file.string()));
    EXPECT_THAT(e.what(), testing::Not(HasSubstr("short\n")));
  }
  std::ofstream(file) << std::string(5000, 'k');
  EXPECT_THROW(shared_key::from_file(file), input_error);
  std::filesystem::remove(file);
  EXPECT_THROW(shared_key::from_file(file), storage_error);
}

TEST(shared_key, comes_from_the_environment) {
  ::setenv("LAKH_TEST_KEY", secret.c_str(), 1);
  EXPECT_EQ(shared_key::from_environment("LAKH_TEST_KEY").bytes(), secret);
  ::setenv("LAKH_TEST_KEY", "short", 1);
  EXPECT_THROW(shared_key::from_environment("LAKH_TEST_KEY"), input_error);
  ::unsetenv("LAKH_TEST_KEY");
  EXPECT_THROW(shared_key::from_environment("LAKH_TEST_KEY"), input_error);
}

TEST(handshake, both_sides_prove_that_they_have_the_key) {
  const shared_key key(secret);
  handshake one(key, connecting, "test");
  handshake other(key, accepting, "test");
  EXPECT_EQ(shake(one, other), both_proved);
}

TEST(handshake, another_key_or_another_purpose_is_refused_on_both_sides) {
  const shared_key key(secret);
  const shared_key wrong(secret + "!");
  {
    handshake one(wrong, connecting, "test");
    handshake other(key, accepting, "test");
    EXPECT_EQ(shake(one, other), both_refused);
    EXPECT_THAT(other.refusal("x").what(), HasSubstr("another key"));
    EXPECT_THAT(one.refusal("x").what(), HasSubstr("refused our proof"));
  }
  handshake one(key, connecting, "pool");
  handshake other(key, accepting, "manager");
  EXPECT_EQ(shake(one, other), both_refused);
}

TEST(handshake, a_proof_of_another_connection_is_refused) {
  const shared_key key(secret);
  handshake one(key, connecting, "test");
  handshake seen(key, accepting, "test");
  const std::string overheard = one.take(seen.first());
  const std::string answer = seen.take(overheard);
  ASSERT_EQ(seen.now(), handshake::state::proved);

  handshake other(key, accepting, "test");
  EXPECT_EQ(other.take(overheard), "R");
  EXPECT_EQ(other.now(), handshake::state::refused);
  // The accepting side's answer again, to another who connects; also behind the challenge that it belonged to.
  handshake third(key, connecting, "test");
  (void)third.take(seen.first());
  EXPECT_EQ(third.take(answer), "");
  EXPECT_EQ(third.now(), handshake::state::refused);
}

TEST(handshake, a_proof_that_is_sent_back_proves_nothing) {
  const shared_key key(secret);
  // To one who connects: its own random bytes as the challenge cannot be known in time, so its own proof is what a
  // reflecting peer has.
  handshake one(key, connecting, "test");
  handshake decoy(key, accepting, "test");
  const std::string own = one.take(decoy.first());
  EXPECT_EQ(one.take("P" + own.substr(1 + handshake::nonce_size)), "");
  EXPECT_EQ(one.now(), handshake::state::refused);
  // To one who accepts: another connection to the same program, driven with the first one's challenge.
  handshake first(key, accepting, "test");
  handshake second(key, accepting, "test");
  EXPECT_EQ(first.take("P" + second.first().substr(7) + std::string(32, '\0')), "R");
}

TEST(handshake, one_wrong_bit_anywhere_is_refused) {
  const shared_key key(secret);
  for (std::size_t bit = 0; bit < 8 * (1 + handshake::nonce_size + 32); ++bit) {
    handshake one(key, connecting, "test");
    handshake other(key, accepting, "test");
    std::string message = one.take(other.first());
    message[bit / 8] = static_cast<char>(message[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(other.take(message), "R") << bit;
  }
}

TEST(handshake, what_does_not_speak_it_is_refused) {
  const shared_key key(secret);
  for (const std::string& nonsense : {std::string(), std::string("C"), std::string("P"), std::string("R"),
                                      std::string("GET / HTTP/1.1"), std::string(128, 'P'), std::string(33, 'P')}) {
    handshake accepts(key, accepting, "test");
    accepts.take(nonsense);
    EXPECT_EQ(accepts.now(), handshake::state::refused) << nonsense;
    handshake connects(key, connecting, "test");
    EXPECT_EQ(connects.take(nonsense), "");
    EXPECT_EQ(connects.now(), handshake::state::refused) << nonsense;
  }
  handshake done(key, connecting, "test");
  handshake other(key, accepting, "test");
  ASSERT_EQ(shake(done, other), both_proved);
  done.take("more");
  EXPECT_EQ(done.now(), handshake::state::refused);
}

// What each side's authenticate throws, as text; empty where it returns.
task<std::pair<std::string, std::string>> meet(const shared_key& mine, const shared_key& yours) {
  auto [one, other] = net::memory_pair();
  framed_stream connects(std::move(one));
  framed_stream accepts(std::move(other));
  std::pair<std::string, std::string> said;
  const auto side = [](framed_stream& with, const shared_key& key, handshake_side which,
                       std::string& says) -> task<void> {
    try {
      co_await authenticate(with, key, which, "test");
      EXPECT_EQ(with.limit(), default_message_limit);
    } catch (const error& e) {
      says = e.what();
    }
  };
  const auto both = [&](scope& s) -> task<void> {
    s.spawn(side(connects, mine, connecting, said.first));
    s.spawn(side(accepts, yours, accepting, said.second));
    co_return;
  };
  co_await in_scope(both);
  co_return said;
}

TEST(authenticate, lets_those_pass_who_have_the_key) {
  const shared_key key(secret);
  EXPECT_EQ(run_virtual(meet(key, key)), std::make_pair(std::string(), std::string()));
  const auto [one, other] = run_virtual(meet(key, shared_key(secret + "x")));
  EXPECT_THAT(one, HasSubstr("refused our proof"));
  EXPECT_THAT(other, HasSubstr("another key"));
}

TEST(authenticate, a_silent_peer_is_given_up_and_a_large_message_is_not_read) {
  const shared_key key(secret);
  const auto silent = [&]() -> task<void> {
    auto [one, other] = net::memory_pair();
    framed_stream accepts(std::move(one));
    co_await authenticate(accepts, key, accepting, "test", 5s);
  };
  EXPECT_THROW(run_virtual(silent()), timeout_error);
  const auto large = [&]() -> task<std::error_code> {
    auto [one, other] = net::memory_pair();
    framed_stream accepts(std::move(one));
    co_await other->write(std::string_view("\0\x10\0\0", 4));
    try {
      co_await authenticate(accepts, key, accepting, "test", 5s);
    } catch (const error& e) {
      co_return e.code();
    }
    co_return std::error_code();
  };
  EXPECT_EQ(run_virtual(large()), errc::too_large);
}

TEST(authenticate, works_over_plain_descriptors) {
  const shared_key key(secret);
  const shared_key wrong(secret + "x");
  for (const shared_key* theirs : {&key, &wrong}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const unique_fd one(ends[0]);
    const unique_fd other(ends[1]);
    bool passed = true;
    std::thread accepts([&] {
      try {
        authenticate(one.get(), key, accepting, "test");
      } catch (const authentication_error&) {
        passed = false;
      }
    });
    if (theirs == &key)
      EXPECT_NO_THROW(authenticate(other.get(), *theirs, connecting, "test"));
    else
      EXPECT_THROW(authenticate(other.get(), *theirs, connecting, "test"), authentication_error);
    accepts.join();
    EXPECT_EQ(passed, theirs == &key);
  }
}

}  // namespace

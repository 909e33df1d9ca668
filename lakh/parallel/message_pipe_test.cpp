#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/forked_for_test.hpp>
#include <lakh/parallel/message_pipe.hpp>
#include <lakh/parallel/process.hpp>
#include <lakh/parallel/shared_value.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(message_pipe, carries_messages_both_ways_between_processes) {
  auto [mine, theirs] = message_pipe::make();
  forked child([&] {
    mine.close();
    while (const auto message = theirs.receive()) theirs.send("echo " + *message);
    return 0;
  });
  theirs.close();
  for (const std::string& text : {std::string("one"), std::string(), std::string(1'000'000, 'x')}) {
    mine.send(text);
    EXPECT_EQ(mine.receive(), "echo " + text);
  }
  mine.close();
  EXPECT_EQ(child.wait(), 0);  // it saw the end
}

TEST(message_pipe, a_peer_that_is_killed_is_the_end_or_a_cut_message) {
  auto [mine, theirs] = message_pipe::make();
  const shared_value<int> written(0);
  forked child([&] {
    mine.close();
    theirs.send("hello");
    (void)!::write(theirs.descriptor(), "\0\0\0\7cut", 7);
    written.atomic().store(1);
    for (;;) ::pause();
    return 0;
  });
  theirs.close();
  EXPECT_EQ(mine.receive(), "hello");
  while (written.get() == 0) std::this_thread::yield();
  child.kill();
  try {
    (void)mine.receive();
    ADD_FAILURE();
  } catch (const closed_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("4 bytes before its end"));
  }
  EXPECT_THROW(mine.send("nobody there"), closed_error);
}

TEST(message_pipe, a_peer_that_goes_with_messages_unread_is_the_end_like_any_other) {
  auto [mine, theirs] = message_pipe::make();
  mine.send("never read");
  theirs.send("my last words");
  theirs.close();
  EXPECT_EQ(mine.receive(), "my last words");
  EXPECT_EQ(mine.receive(), std::nullopt);
  EXPECT_EQ(mine.receive(), std::nullopt);

  const auto talk = []() -> task<void> {
    auto [ours, others] = message_pipe::make();
    ours.send("never read");
    others.close();
    EXPECT_EQ(co_await ours.async_receive(), std::nullopt);
  };
  run(talk());

  auto [whole, half] = message_pipe::make();
  whole.send("never read");
  EXPECT_EQ(::write(half.descriptor(), "\0\0\0\7cut", 7), 7);
  half.close();
  EXPECT_THROW((void)whole.receive(), closed_error);
}

TEST(message_pipe, bounds_what_is_sent_and_received) {
  auto [mine, theirs] = message_pipe::make(10);
  EXPECT_THROW(mine.send("eleven bytes"), error);
  mine.send("ten bytes!");
  EXPECT_EQ(theirs.receive(), "ten bytes!");
  ASSERT_EQ(::write(mine.descriptor(), "\x7f\0\0\0", 4), 4);
  try {
    (void)theirs.receive();
    ADD_FAILURE();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::too_large);
  }
}

TEST(message_pipe, waits_end_with_their_time) {
  auto [mine, theirs] = message_pipe::make();
  EXPECT_THROW((void)mine.receive(clock::now() + 1ms), timeout_error);
  theirs.send("late");
  EXPECT_EQ(mine.receive(clock::now() + 10s), "late");
  EXPECT_THROW(
      {
        for (;;) mine.send(std::string(100'000, 'x'), clock::now() + 1ms);
      },
      timeout_error);
  EXPECT_THROW(mine.send("more"), closed_error);  // after half a message
}

TEST(message_pipe, a_coroutine_talks_to_a_process) {
  auto [mine, theirs] = message_pipe::make();
  forked child([&] {
    mine.close();
    while (const auto message = theirs.receive()) theirs.send(*message + "!");
    return 0;
  });
  theirs.close();
  const auto talk = [&]() -> task<void> {
    const std::string large(3'000'000, 'y');
    const auto both = [&](scope& s) -> task<void> {
      s.spawn([](message_pipe& over, std::string text) -> task<void> {
        co_await over.async_send("small");
        co_await over.async_send(std::move(text));
      }(mine, large));
      EXPECT_EQ(co_await mine.async_receive(), "small!");
      EXPECT_EQ(co_await mine.async_receive(), large + "!");
    };
    co_await in_scope(both);
  };
  run(talk());
  mine.close();
  EXPECT_EQ(child.wait(), 0);
}

TEST(message_pipe, a_cancelled_receive_has_lost_nothing_and_a_cancelled_send_says_so) {
  const auto talk = []() -> task<void> {
    auto [mine, theirs] = message_pipe::make();
    EXPECT_EQ(::write(theirs.descriptor(), "\0\0\0\5he", 6), 6);
    bool late = false;
    try {
      co_await with_timeout(1ms, mine.async_receive());
    } catch (const timeout_error&) {
      late = true;
    }
    EXPECT_TRUE(late);
    EXPECT_EQ(::write(theirs.descriptor(), "llo", 3), 3);
    EXPECT_EQ(co_await mine.async_receive(), "hello");

    late = false;
    try {
      co_await with_timeout(1ms, mine.async_send(std::string(10'000'000, 'x')));
    } catch (const timeout_error&) {
      late = true;
    }
    EXPECT_TRUE(late);
    bool refused = false;
    try {
      co_await mine.async_send("more");
    } catch (const closed_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
    theirs.close();
  };
  run(talk());
}

TEST(message_pipe, reaches_a_program_by_its_number) {
  auto [mine, theirs] = message_pipe::make();
  // Another program that knows the format: it sends back what it read, as it came.
  const std::string number = std::to_string(theirs.descriptor());
  process child = process::start(
      program("sh").arg("-c").arg("head -c 9 <&" + number + " >&" + number).keep_open(theirs.descriptor()));
  EXPECT_NE(::fcntl(theirs.descriptor(), F_GETFD) & FD_CLOEXEC, 0);
  theirs.close();
  mine.send("hello");
  EXPECT_EQ(mine.receive(clock::now() + 20s), "hello");
  EXPECT_EQ(mine.receive(clock::now() + 20s), std::nullopt);
  EXPECT_EQ(child.wait().code(), 0);
}

TEST(message_pipe, reaches_no_program_that_it_is_not_given_to) {
  auto [mine, theirs] = message_pipe::make();
  const std::string number = std::to_string(theirs.descriptor());
  process child = process::start(program("sh").arg("-c").arg("test ! -e /proc/self/fd/" + number));
  EXPECT_EQ(child.wait().code(), 0);
  EXPECT_THROW(program("true").keep_open(1), input_error);
  constexpr int not_open = 1000;
  EXPECT_THROW(process::start(program("true").keep_open(not_open)), lakh::error);
}

TEST(message_pipe, what_is_no_pipe_is_refused) {
  EXPECT_THROW(message_pipe(unique_fd{}), input_error);
  EXPECT_THROW(message_pipe(unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC))), input_error);
}

}  // namespace

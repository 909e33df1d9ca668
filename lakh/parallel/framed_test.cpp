#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/net/memory_stream.hpp>
#include <lakh/parallel/framed.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;
using testing::HasSubstr;

std::string frame(std::string_view message) {
  const auto header = frame_header(message.size(), default_message_limit);
  return std::string(header.data(), header.size()) + std::string(message);
}

void feed(frame_decoder& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = to.room();
    const std::size_t part = bytes.copy(room.data(), room.size());
    to.filled(part);
    bytes.remove_prefix(part);
  }
}

std::pair<unique_fd, unique_fd> socket_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

std::error_code code_of(const auto& call) {
  try {
    call();
  } catch (const error& e) {
    return e.code();
  }
  return {};
}

TEST(frame_header, is_the_length_big_endian) {
  EXPECT_EQ(frame_header(0x010203, default_message_limit), (std::array<char, 4>{0, 1, 2, 3}));
  EXPECT_EQ(code_of([] { frame_header(11, 10); }), errc::too_large);
  EXPECT_EQ(code_of([] { frame_header(std::size_t{1} << 32U, std::size_t{1} << 40U); }), errc::too_large);
}

TEST(frame_decoder, finds_the_same_messages_in_every_cut) {
  const std::vector<std::string> messages{"one", "", std::string(10'000, 'x'), "four"};
  std::string bytes;
  for (const std::string& message : messages) bytes += frame(message);
  for (std::size_t piece : {1, 2, 3, 4, 5, 7, 4096, 20'000}) {
    frame_decoder decoder;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      feed(decoder, std::string_view(bytes).substr(at, piece));
      while (const auto message = decoder.next()) seen.emplace_back(*message);
    }
    EXPECT_EQ(seen, messages) << piece;
    EXPECT_NO_THROW(decoder.at_end("x"));
  }
}

TEST(frame_decoder, an_end_within_a_message_says_how_much_is_missing) {
  const std::string bytes = frame("hello");
  for (std::size_t there = 1; there < bytes.size(); ++there) {
    frame_decoder decoder;
    feed(decoder, std::string_view(bytes).substr(0, there));
    EXPECT_FALSE(decoder.next());
    const std::size_t missing = there < 4 ? 4 - there : bytes.size() - there;
    try {
      decoder.at_end("the moon");
      ADD_FAILURE() << there;
    } catch (const closed_error& e) {
      EXPECT_THAT(e.what(), HasSubstr("the moon"));
      EXPECT_THAT(e.what(), HasSubstr(std::to_string(missing) + " bytes before its end"));
    }
  }
}

TEST(frame_decoder, a_length_above_the_limit_is_refused_before_the_message_comes) {
  frame_decoder decoder(1000);
  feed(decoder, std::string_view("\0\0\x03\xe9", 4));
  EXPECT_EQ(code_of([&] { (void)decoder.next(); }), errc::too_large);
}

TEST(frame_decoder, memory_follows_the_bytes_and_not_the_promise) {
  frame_decoder decoder(std::size_t{1} << 31U);
  feed(decoder, std::string_view("\x40\0\0\0some", 8));
  EXPECT_FALSE(decoder.next());
  EXPECT_LE(decoder.room().size(), std::size_t{1} << 20U);
}

TEST(framed_stream, carries_messages_of_several_senders_whole) {
  const auto talk = []() -> task<std::vector<std::size_t>> {
    auto [one, other] = net::memory_pair(1024);
    framed_stream from(std::move(one));
    framed_stream to(std::move(other));
    std::vector<std::size_t> seen(10);
    const auto both = [&](scope& s) -> task<void> {
      for (char name = 0; name < 10; ++name)
        s.spawn([](framed_stream& over, char letter) -> task<void> {
          co_await over.send(std::string(1, letter), std::string(5000, letter));
        }(from, name));
      for (int i = 0; i < 10; ++i) {
        const auto message = co_await to.receive();
        if (message->find_first_not_of(message->front()) == std::string::npos)
          seen[static_cast<std::size_t>(message->front())] += message->size();
      }
    };
    co_await in_scope(both);
    from.stream().shutdown_write();
    EXPECT_FALSE((co_await to.receive()).has_value());
    co_return seen;
  };
  EXPECT_THAT(run_virtual(talk()), testing::Each(5001));
}

TEST(framed_stream, silence_is_that_not_a_byte_comes) {
  const auto talk = []() -> task<void> {
    auto [one, other] = net::memory_pair(1024);
    framed_stream to(std::move(other));
    const auto both = [&](scope& s) -> task<void> {
      s.spawn([](net::stream& over) -> task<void> {
        const std::string bytes = frame("slow");
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          co_await sleep_for(900ms);
          co_await over.write(std::string_view(bytes).substr(i, 1));
        }
      }(*one));
      EXPECT_EQ(co_await to.receive(1s), "slow");
    };
    co_await in_scope(both);
    EXPECT_THROW((void)co_await to.receive(1s), timeout_error);
    co_await one->write(frame("again"));
    EXPECT_EQ(co_await to.receive(1s), "again");
  };
  run_virtual(talk());
}

TEST(framed_stream, a_receive_that_was_cancelled_has_lost_nothing) {
  const auto talk = []() -> task<void> {
    auto [one, other] = net::memory_pair(1024);
    framed_stream to(std::move(other));
    const std::string bytes = frame("hello");
    co_await one->write(std::string_view(bytes).substr(0, 6));
    bool late = false;
    try {
      co_await with_timeout(1s, to.receive());
    } catch (const timeout_error&) {
      late = true;
    }
    EXPECT_TRUE(late);
    co_await one->write(std::string_view(bytes).substr(6));
    EXPECT_EQ(co_await to.receive(), "hello");
  };
  run_virtual(talk());
}

TEST(framed_stream, after_a_send_that_was_cut_nothing_more_is_sent) {
  const auto talk = []() -> task<void> {
    auto [one, other] = net::memory_pair(16);
    framed_stream from(std::move(one));
    bool late = false;
    try {
      co_await with_timeout(1s, from.send(std::string(100, 'x')));
    } catch (const timeout_error&) {
      late = true;
    }
    EXPECT_TRUE(late);
    std::error_code code;
    try {
      co_await from.send("more");
    } catch (const closed_error& e) {
      code = e.code();
    }
    EXPECT_EQ(code, errc::connection_lost);
  };
  run_virtual(talk());
}

TEST(framed_descriptor, carries_messages_over_sockets_and_pipes) {
  const auto try_over = [](int read_end, int write_end) {
    const std::string large(3'000'000, 'y');
    std::thread sender([&] {
      send_message(write_end, "first");
      send_message(write_end, "");
      send_message(write_end, large);
    });
    EXPECT_EQ(receive_message(read_end), "first");
    EXPECT_EQ(receive_message(read_end), "");
    EXPECT_EQ(receive_message(read_end), large);
    sender.join();
  };
  {
    auto [one, other] = socket_pair();
    try_over(one.get(), other.get());
    other.reset();
    EXPECT_EQ(receive_message(one.get()), std::nullopt);
    EXPECT_THROW(send_message(one.get(), "nobody there"), closed_error);
  }
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  unique_fd read_end(ends[0]);
  const unique_fd write_end(ends[1]);
  try_over(read_end.get(), write_end.get());
  read_end.reset();
  EXPECT_THROW(send_message(write_end.get(), "nobody there"), closed_error);
}

TEST(framed_descriptor, cut_messages_too_large_ones_and_silence_are_errors_that_say_so) {
  const std::string bytes = frame("hello");
  for (std::size_t there = 1; there < bytes.size(); ++there) {
    auto [one, other] = socket_pair();
    ASSERT_EQ(::write(other.get(), bytes.data(), there), static_cast<ssize_t>(there));
    other.reset();
    EXPECT_EQ(code_of([&] { receive_message(one.get()); }), errc::connection_lost) << there;
  }
  const auto [one, other] = socket_pair();
  EXPECT_THROW(receive_message(one.get(), 100, clock::now() + 1ms), timeout_error);
  EXPECT_EQ(code_of([&] { send_message(other.get(), "too long", 4); }), errc::too_large);
  send_message(other.get(), "too long");
  EXPECT_EQ(code_of([&] { receive_message(one.get(), 4); }), errc::too_large);
  EXPECT_THROW(
      {
        for (;;) send_message(one.get(), std::string(100'000, 'z'), default_message_limit, clock::now() + 1ms);
      },
      timeout_error);
}

}  // namespace

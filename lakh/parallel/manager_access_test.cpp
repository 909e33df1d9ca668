#include <lakh/core/error.hpp>
#include <lakh/parallel/manager_for_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace lakh;
using namespace lakh::manager_test;
using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(manager, refuses_another_key_and_says_so_on_both_sides) {
  running_manager server;
  manager_client stranger(server.where(), shared_key("not the key of the tests"));
  try {
    stranger.ping();
    ADD_FAILURE();
  } catch (const authentication_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("refused our proof"));
    EXPECT_FALSE(e.hint().empty());
  }
  EXPECT_NO_THROW(server.client().ping());
  server.stop();
  ASSERT_EQ(server.refusals().size(), 1U);
  EXPECT_THAT(server.refusals().front(), HasSubstr("another key"));
}

TEST(manager, refuses_a_handshake_that_was_overheard) {
  running_manager server;
  const auto replay = [&]() -> task<void> {
    // What a client with the key says to a challenge; then the same words on another connection.
    framed_stream first(co_await net::connect(server.where()));
    handshake honest(key, handshake_side::connecting, detail::manager_purpose);
    const auto challenge = co_await first.receive();
    const std::string proof = honest.take(*challenge);
    co_await first.send(proof);
    (void)co_await first.receive();
    framed_stream second(co_await net::connect(server.where()));
    (void)co_await second.receive();
    co_await second.send(proof);
    EXPECT_EQ(co_await second.receive(), "R");
    EXPECT_EQ(co_await second.receive(), std::nullopt);
  };
  run(replay());
  server.stop();
  EXPECT_EQ(server.refusals().size(), 1U);
}

TEST(manager, drops_who_breaks_the_protocol_and_goes_on) {
  running_manager server(manager_limits().message(1000).handshake(20ms));
  const auto misbehave = [&]() -> task<void> {
    {
      framed_stream silent(co_await net::connect(server.where()));
      (void)co_await silent.receive();                     // the challenge
      EXPECT_EQ(co_await silent.receive(), std::nullopt);  // it lost patience
    }
    {
      const auto over = co_await raw_connection(server.where());
      co_await over->send("no request");
      EXPECT_EQ(co_await over->receive(), std::nullopt);
    }
    {
      const auto over = co_await raw_connection(server.where());
      co_await over->send(std::string(1001, 'x'));
      bool ended = false;
      try {
        ended = !(co_await over->receive()).has_value();
      } catch (const closed_error&) {
        ended = true;
      }
      EXPECT_TRUE(ended);
    }
    {
      const auto over = co_await raw_connection(server.where());
      co_await over->send(pack(a_request(detail::manager_verb::queue_pop, "empty")));
      co_await over->send(pack(a_request(detail::manager_verb::queue_pop, "empty")));  // does not wait
      EXPECT_EQ(co_await over->receive(), std::nullopt);
    }
  };
  run(misbehave());
  EXPECT_NO_THROW(server.client().ping());
  server.stop();
  EXPECT_EQ(server.refusals().size(), 4U) << testing::PrintToString(server.refusals());
  EXPECT_EQ(server.connections(), 0U);
}

TEST(manager, closes_connections_above_its_limit) {
  running_manager server(manager_limits().connections(1));
  manager_client one = server.client();
  one.ping();
  manager_client other = server.client();
  EXPECT_THROW(other.ping(), closed_error);
  EXPECT_EQ(one.counter("c").add(), 1);
}

TEST(manager, strangers_who_only_hold_on_keep_nobody_out) {
  running_manager server(manager_limits().connections(1).handshakes(2).handshake(1h));
  const auto knock = [&]() -> task<void> {
    std::vector<std::unique_ptr<framed_stream>> strangers;
    for (int i = 0; i < 5; ++i) {
      strangers.push_back(std::make_unique<framed_stream>(co_await net::connect(server.where())));
      (void)co_await strangers.back()->receive();  // the challenge
    }
    server.client().ping();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(co_await strangers[static_cast<std::size_t>(i)]->receive(), std::nullopt);
  };
  run(knock());
  server.stop();
  EXPECT_THAT(server.refusals(), testing::Contains(HasSubstr("had not shown")));
  EXPECT_EQ(server.connections(), 0U);
}

}  // namespace

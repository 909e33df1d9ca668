// Each effect of the proxy as its client and its target see it.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/net/chaos_proxy.hpp>
#include <lakh/net/connect.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace lakh::net {
namespace {

using namespace std::chrono_literals;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 31 + i / 977) % 26);
  return text;
}

struct heard {
  std::string bytes;
  std::error_code how;  // none: an orderly end
  std::size_t reads = 0;
};

task<heard> hear_all(stream& from) {
  heard all;
  std::array<char, 32768> buffer;
  for (;;) {
    const io_result got = co_await from.try_read_some(buffer);
    all.how = got.error;
    if (got.error || got.bytes == 0) co_return all;
    all.bytes.append(buffer.data(), got.bytes);
    ++all.reads;
  }
}

using actor = std::function<task<void>(stream&)>;

// A target, the proxy before it, and clients; on one loop.
class stage {
 public:
  explicit stage(const char* spec, chaos_proxy_options options = {})
      : listening_(endpoint("127.0.0.1", 0)),
        proxy_(listening_.local(), chaos_spec::parse(spec, chaos_proxy_rules(), "SPEC"),
               options.on_event([this](const chaos_event& happened) { events.push_back(happened); })) {}

  task<void> act(actor target, const std::function<task<void>(endpoint)>& client) {
    listener front(endpoint("127.0.0.1", 0));
    const endpoint at = front.local();
    co_await in_scope([&](scope& all) -> task<void> {
      all.spawn(serve_target(all, target));
      all.spawn(proxy_.serve(std::move(front)));
      co_await with_timeout(20s, client(at));
      co_await sleep_for(20ms);  // what is left is told
      all.cancel();
    });
  }

  const chaos_counts& counts() { return proxy_.counts(); }
  [[nodiscard]] std::uint64_t harmed(chaos_effect effect) const {
    return proxy_.counts().harmed[static_cast<std::size_t>(effect)];
  }
  std::vector<chaos_event> events;

 private:
  task<void> serve_target(scope& all, const actor& target) {
    for (;;) all.spawn(one_target(co_await listening_.accept(), target));
  }
  static task<void> one_target(std::unique_ptr<stream> connection, const actor& target) {
    co_await target(*connection);
  }

  listener listening_;
  chaos_proxy proxy_;
};

void play(
    const char* spec, const actor& target, const actor& client,
    const std::function<void(stage&)>& after = [](stage&) {}) {
  run([](const char* words, const actor& there, const actor& here,
         const std::function<void(stage&)>& look) -> task<void> {
    stage on(words);
    co_await on.act(there, [&](endpoint at) -> task<void> {
      const std::unique_ptr<stream> connection = co_await connect(at);
      co_await here(*connection);
    });
    look(on);
  }(spec, target, client, after));
}

// Hears all, then says the same back.
task<void> echo(stream& connection) {
  const heard all = co_await hear_all(connection);
  if (all.how) co_return;
  (void)co_await connection.try_write(all.bytes);
  connection.shutdown_write();
  (void)co_await hear_all(connection);
}

// Says back what comes, as it comes.
task<void> parrot(stream& connection) {
  std::array<char, 4096> buffer;
  for (;;) {
    const io_result got = co_await connection.try_read_some(buffer);
    if (got.error || got.bytes == 0) break;
    if ((co_await connection.try_write({buffer.data(), got.bytes})).error) break;
  }
}

actor say_and_expect(std::size_t size, std::function<void(const heard&)> expect) {
  return [size, expect](stream& connection) -> task<void> {
    const std::string text = pattern(size);
    co_await in_scope([&](scope& both) -> task<void> {
      both.spawn([](stream& to, const std::string& bytes) -> task<void> {
        if (!(co_await to.try_write(bytes)).error) to.shutdown_write();
      }(connection, text));
      expect(co_await hear_all(connection));
      both.cancel();
    });
  };
}

TEST(chaos_proxy, without_words_everything_passes_both_ways_to_an_orderly_end) {
  play("seed:1", echo,
       say_and_expect(3'000'000,
                      [](const heard& all) {
                        EXPECT_FALSE(all.how);
                        EXPECT_TRUE(all.bytes == pattern(3'000'000));
                      }),
       [](stage& on) {
         EXPECT_EQ(on.counts().bytes_up, 3'000'000U);
         EXPECT_EQ(on.counts().bytes_down, 3'000'000U);
         EXPECT_EQ(on.counts().connections, 1U);
         EXPECT_EQ(on.counts().open, 0U);
         ASSERT_EQ(on.events.size(), 2U);
         EXPECT_EQ(on.events.back().what, chaos_event::kind::closed);
         EXPECT_EQ(on.events.back().bytes_up, 3'000'000U);
       });
}

TEST(chaos_proxy, a_reset_of_one_side_is_seen_by_the_other) {
  std::error_code seen;
  play(
      "seed:1",
      [](stream& connection) -> task<void> {
        std::array<char, 16> buffer;
        (void)co_await connection.read_some(buffer);
        connection.reset();
      },
      [&](stream& connection) -> task<void> {
        co_await connection.write("x");
        seen = (co_await hear_all(connection)).how;
      });
  EXPECT_EQ(seen, std::errc::connection_reset);
}

TEST(chaos_proxy, a_cut_answer_ends_in_order_after_so_many_bytes) {
  for (const std::size_t size : {1U, 100U, 4096U, 100'000U}) {
    std::string up;
    play(("down.cut@" + std::to_string(size)).c_str(),
         [&](stream& connection) -> task<void> {
           (void)co_await connection.try_write(pattern(500'000));
           up = (co_await hear_all(connection)).bytes;
         },
         [&](stream& connection) -> task<void> {
           co_await connection.write("request");
           const heard all = co_await hear_all(connection);
           EXPECT_FALSE(all.how) << all.how.message();
           EXPECT_TRUE(all.bytes == pattern(size)) << all.bytes.size();
         },
         [&](stage& on) {
           EXPECT_EQ(on.harmed(chaos_effect::cut), 1U);
           EXPECT_EQ(on.counts().bytes_down, size);
         });
    EXPECT_EQ(up, "request");
  }
}

TEST(chaos_proxy, a_cut_request_reaches_the_target_so_far_and_no_further) {
  heard at_target;
  bool ended = false;
  play(
      "up.cut@10",
      [&](stream& connection) -> task<void> {
        at_target = co_await hear_all(connection);
        ended = true;
      },
      say_and_expect(50'000, [](const heard& all) { EXPECT_TRUE(all.bytes.empty()); }));
  EXPECT_TRUE(ended);
  EXPECT_FALSE(at_target.how);
  EXPECT_EQ(at_target.bytes, pattern(10));
}

TEST(chaos_proxy, a_cut_at_nothing_keeps_back_the_first_byte_too) {
  std::string at_target = "none";
  play(
      "up.cut", [&](stream& connection) -> task<void> { at_target = (co_await hear_all(connection)).bytes; },
      say_and_expect(100, [](const heard& all) { EXPECT_TRUE(all.bytes.empty()); }));
  EXPECT_EQ(at_target, "");
}

TEST(chaos_proxy, a_reset_connection_is_reset_on_both_sides) {
  heard at_target;
  play(
      "down.reset@5",
      [&](stream& connection) -> task<void> {
        co_await connection.write("0123456789");
        at_target = co_await hear_all(connection);
      },
      [](stream& connection) -> task<void> {
        const heard all = co_await hear_all(connection);
        EXPECT_EQ(all.how, std::errc::connection_reset);
        EXPECT_THAT(all.bytes, ::testing::AnyOf("", "01234")) << "a reset may overtake bytes";
      },
      [](stage& on) { EXPECT_EQ(on.harmed(chaos_effect::reset), 1U); });
  EXPECT_EQ(at_target.how, std::errc::connection_reset);
}

TEST(chaos_proxy, a_refused_connection_never_reaches_the_target) {
  bool reached = false;
  play(
      "refuse",
      [&](stream&) -> task<void> {
        reached = true;
        co_return;
      },
      [](stream& connection) -> task<void> { EXPECT_TRUE((co_await hear_all(connection)).how); },
      [](stage& on) { EXPECT_EQ(on.harmed(chaos_effect::refuse), 1U); });
  EXPECT_FALSE(reached);
}

TEST(chaos_proxy, what_falls_into_a_hole_is_gone_and_the_connection_stays) {
  std::string at_target;
  bool still_open = false;
  play(
      "up.hole@4", [&](stream& connection) -> task<void> { at_target = (co_await hear_all(connection)).bytes; },
      [&](stream& connection) -> task<void> {
        const std::string text = pattern(1'000'000);  // more than all buffers: it is read, not left waiting
        EXPECT_FALSE((co_await connection.try_write(text)).error);
        still_open = (co_await with_timeout(50ms, hear_all(connection))).how == errc::timed_out;
      },
      [](stage& on) {
        EXPECT_EQ(on.counts().open, 0U) << "it ends when the client leaves";
        EXPECT_EQ(on.harmed(chaos_effect::hole), 1U);
      });
  EXPECT_TRUE(still_open);
  EXPECT_EQ(at_target, pattern(4));
}

TEST(chaos_proxy, a_hole_hides_how_the_target_ends) {
  for (const bool resets : {false, true}) {
    bool silence = false;
    play(
        "down.hole",
        [&](stream& connection) -> task<void> {
          co_await connection.write("answer");
          co_await sleep_for(5ms);
          if (resets) connection.reset();
        },
        [&](stream& connection) -> task<void> {
          silence = (co_await with_timeout(30ms, hear_all(connection))).how == errc::timed_out;
          EXPECT_FALSE((co_await connection.try_write("more")).error);
          co_await sleep_for(5ms);
          EXPECT_FALSE((co_await connection.try_write("more")).error);
        },
        [](stage& on) { EXPECT_EQ(on.counts().open, 0U); });
    EXPECT_TRUE(silence);
  }
}

TEST(chaos_proxy, a_half_closed_connection_still_carries_the_other_direction) {
  play(
      "up.half-close@3", echo,
      [](stream& connection) -> task<void> {
        co_await connection.write("abcdef");  // and does not end it
        const heard all = co_await hear_all(connection);
        EXPECT_FALSE(all.how);
        EXPECT_EQ(all.bytes, "abc");
      },
      [](stage& on) { EXPECT_EQ(on.harmed(chaos_effect::half_close), 1U); });
}

TEST(chaos_proxy, split_writes_arrive_in_many_pieces_and_are_all_there) {
  heard at_target;
  play(
      "up.split@1..3", [&](stream& connection) -> task<void> { at_target = co_await hear_all(connection); },
      say_and_expect(60, [](const heard&) {}));
  EXPECT_EQ(at_target.bytes, pattern(60));
  EXPECT_GE(at_target.reads, 10U);
}

TEST(chaos_proxy, a_delay_holds_back_each_way_and_changes_nothing) {
  play("up.delay@30ms,down.delay@20ms..25ms", parrot, [](stream& connection) -> task<void> {
    std::array<char, 16> buffer;
    for (int i = 0; i < 3; ++i) {
      const time_point begin = clock::now();
      co_await connection.write("ping");
      EXPECT_EQ(co_await connection.read_some(buffer), 4U);
      EXPECT_GE(clock::now() - begin, 50ms);
    }
  });
}

TEST(chaos_proxy, a_throttled_direction_takes_its_time_and_is_felt_by_the_sender) {
  play(
      "down.throttle@1MB/s",
      [](stream& connection) -> task<void> {
        (void)co_await connection.try_write(pattern(200'000));
        connection.shutdown_write();
        (void)co_await hear_all(connection);
      },
      [](stream& connection) -> task<void> {
        const time_point begin = clock::now();
        const heard all = co_await hear_all(connection);
        EXPECT_TRUE(all.bytes == pattern(200'000));
        EXPECT_GE(clock::now() - begin, 150ms);
      });
}

// A side that does not read is felt by the other: the proxy does not store what it cannot pass on.
TEST(chaos_proxy, holds_little_of_what_a_slow_side_does_not_take) {
  std::uint64_t taken = 0;
  run([](std::uint64_t& sent) -> task<void> {
    stage on("seed:1");
    co_await on.act([](stream&) -> task<void> { co_await sleep_for(1h); },
                    [&](endpoint at) -> task<void> {
                      const std::unique_ptr<stream> connection = co_await connect(at);
                      const std::string text(64 * 1024, 'x');
                      try {
                        co_await with_timeout(
                            500ms, [](stream& to, const std::string& bytes, std::uint64_t& count) -> task<void> {
                              for (;;) {
                                const io_result gone = co_await to.try_write(bytes);
                                count += gone.bytes;
                                if (gone.error) throw_error(gone.error, "write");
                              }
                            }(*connection, text, sent));
                      } catch (const timeout_error&) {  // NOLINT(bugprone-empty-catch): as it should be
                      }
                      // What the kernel's four buffers take besides is not the proxy's.
                      EXPECT_LE(on.counts().bytes_up, sent);
                    });
  }(taken));
  EXPECT_LT(taken, 64U * 1024 * 1024);
}

TEST(chaos_proxy, a_target_that_cannot_be_reached_is_told_by_a_reset) {
  run([]() -> task<void> {
    endpoint nobody;
    {
      const listener gone(endpoint("127.0.0.1", 0));
      nobody = gone.local();
    }
    chaos_proxy proxy(nobody, chaos_spec::parse("seed:1", chaos_proxy_rules(), "SPEC"));
    listener front(endpoint("127.0.0.1", 0));
    const endpoint at = front.local();
    co_await in_scope([&](scope& all) -> task<void> {
      all.spawn(proxy.serve(std::move(front)));
      const std::unique_ptr<stream> connection = co_await connect(at);
      EXPECT_TRUE((co_await hear_all(*connection)).how);
      all.cancel();
    });
    EXPECT_EQ(proxy.counts().unreachable, 1U);
  }());
}

TEST(chaos_proxy, a_thousand_connections_at_once_each_get_their_own_bytes_back) {
  run([]() -> task<void> {
    stage on("split:10%@1..50,delay:10%@1ms..5ms,seed:7");
    co_await on.act(parrot, [](endpoint at) -> task<void> {
      co_await in_scope([&](scope& clients) -> task<void> {
        for (int i = 0; i < 1'000; ++i)
          clients.spawn([](endpoint to, int number) -> task<void> {
            const std::unique_ptr<stream> connection = co_await connect(to, 20s);
            const std::string text = "client " + std::to_string(number);
            co_await connection->write(text);
            std::array<char, 64> buffer;
            std::string back;
            while (back.size() < text.size()) {
              const std::size_t got = co_await connection->read_some(buffer);
              if (got == 0) break;
              back.append(buffer.data(), got);
            }
            EXPECT_EQ(back, text);
          }(at, i));
        co_return;
      });
    });
    EXPECT_EQ(on.counts().connections, 1'000U);
    EXPECT_EQ(on.counts().open, 0U);
    EXPECT_NEAR(static_cast<double>(on.harmed(chaos_effect::split)), 200, 80);
  }());
}

TEST(chaos_proxy, no_more_connections_than_allowed_are_carried_at_a_time) {
  run([]() -> task<void> {
    stage on("seed:1", chaos_proxy_options().connections(2));
    co_await on.act(parrot, [&](endpoint at) -> task<void> {
      std::vector<std::unique_ptr<stream>> open;
      for (int i = 0; i < 3; ++i) open.push_back(co_await connect(at));
      co_await sleep_for(20ms);
      EXPECT_EQ(on.counts().connections, 2U);
      open.front()->close();
      co_await sleep_for(20ms);
      EXPECT_EQ(on.counts().connections, 3U);
    });
  }());
}

TEST(chaos_proxy, the_same_seed_harms_the_same_connections) {
  std::string lives[2];
  for (std::string& life : lives)
    run([](std::string& told) -> task<void> {
      stage on("refuse:20%,down.cut:20%@1..3,down.reset:20%@2,seed:11");
      co_await on.act(parrot, [&](endpoint at) -> task<void> {
        for (int i = 0; i < 30; ++i) {
          const std::unique_ptr<stream> connection = co_await connect(at);
          (void)co_await connection->try_write("12345");
          connection->shutdown_write();
          const heard all = co_await hear_all(*connection);
          told += all.how ? "reset " : std::to_string(all.bytes.size()) + " ";
        }
      });
    }(life));
  EXPECT_EQ(lives[0], lives[1]);
  for (const char* fate : {"reset ", "5 ", "1 "}) EXPECT_THAT(lives[0], ::testing::HasSubstr(fate));
}

}  // namespace
}  // namespace lakh::net

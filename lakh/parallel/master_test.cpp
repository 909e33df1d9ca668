#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/random.hpp>
#include <lakh/net/connect.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/master.hpp>
#include <lakh/parallel/process_testing.hpp>
#include <lakh/parallel/remote_error.hpp>
#include <lakh/parallel/work_for.hpp>
#include <lakh/parallel/worker_protocol.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <limits>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using lakh::chunk;
using lakh::fork_server;
using lakh::master;
using lakh::master_options;
using lakh::process;
using lakh::shared_key;
using lakh::task;
using lakh::worker_function;
using namespace std::chrono_literals;
namespace net = lakh::net;

const worker_function square("master_test.square", [](int n) { return n * n; });
const worker_function slow_square("master_test.slow_square", [](int n) {
  std::this_thread::sleep_for(1ms);
  return n * n;
});
const worker_function who("master_test.who", [](int) {
  std::this_thread::sleep_for(1ms);
  return ::getpid();
});
const worker_function fail("master_test.fail",
                           [](const std::string& with) -> int { throw lakh::status_error(418, with); });
const worker_function die("master_test.die", [](int) { ::raise(SIGKILL); });
const worker_function repeat("master_test.repeat", [](std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
});
const worker_function echo("master_test.echo", [](std::string text) { return text; });
const worker_function hang("master_test.hang", [](int) {
  while (true) ::pause();
});

const std::string key_text(32, 'k');

// How a worker program ended.
enum ending : int { went_home = 0, not_let_in = 3, refused = 4, lost_its_master = 5 };

int be_a_worker(std::string_view argument, std::span<lakh::unique_fd> /*none*/) {
  const auto [where, key, limit, silence] =
      lakh::unpack<std::string, std::string, std::uint64_t, lakh::duration>(argument);
  try {
    lakh::run(lakh::work_for(net::endpoint::parse(where), shared_key(key),
                             lakh::worker_options().message_limit(limit).silence(silence)));
    return went_home;
  } catch (const lakh::authentication_error&) {
    return not_let_in;
  } catch (const lakh::input_error&) {
    return refused;
  } catch (const lakh::error&) {
    return lost_its_master;
  }
}

class master_test : public lakh::testing::process_test {
 protected:
  process start_worker(const net::endpoint& at, const std::string& key = key_text,
                       std::size_t limit = lakh::default_message_limit, lakh::duration silence = 60s) {
    return server_->start(be_a_worker, lakh::pack(at.text(), key, static_cast<std::uint64_t>(limit), silence));
  }
  static net::endpoint listen(master& team) { return team.listen(net::endpoint("127.0.0.1", 0), shared_key(key_text)); }
  void SetUp() override {
    process_test::SetUp();
    server_.emplace();
  }
  void TearDown() override {
    server_.reset();
    process_test::TearDown();
  }
  static std::vector<int> squares(int count) {
    std::vector<int> all;
    for (int n = 0; n < count; ++n) all.push_back(n * n);
    return all;
  }

  std::optional<fork_server> server_;
};

TEST_F(master_test, hands_the_same_work_to_processes_here_and_to_programs_over_tcp_and_unix_sockets) {
  const std::string path = std::filesystem::temp_directory_path() / ("master_test." + std::to_string(::getpid()));
  {
    master team;
    const net::endpoint tcp = listen(team);
    const net::endpoint local = team.listen(net::endpoint::unix_domain(path), shared_key(key_text));
    process first = start_worker(tcp);
    process second = start_worker(local);
    team.add_processes(*server_, 1);
    while (team.workers() < 3) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(team.map(square, std::views::iota(0, 1000)), squares(1000));
    EXPECT_EQ(team.apply(repeat, "ab", 2U), "abab");
    int expected = 0;
    for (const int one : team.imap(square, std::views::iota(0))) {
      ASSERT_EQ(one, expected * expected);
      if (++expected == 100) break;
    }
    std::set<pid_t> seen;
    while (seen.size() < 3)
      for (const pid_t one : team.imap_unordered(who, std::views::iota(0, 30))) seen.insert(one);
    EXPECT_TRUE(seen.contains(first.id()) && seen.contains(second.id()));
    team.join();
    EXPECT_EQ(first.wait().code(), went_home);
    EXPECT_EQ(second.wait().code(), went_home);
    EXPECT_THROW((void)team.submit(square, 1), lakh::closed_error);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(master_test, what_a_function_throws_arrives) {
  master team;
  process worker = start_worker(listen(team));
  try {
    team.apply(fail, "tea");
    ADD_FAILURE();
  } catch (const lakh::status_error& e) {
    EXPECT_EQ(e.status(), 418);
    EXPECT_STREQ(e.what(), "tea");
  }
  EXPECT_EQ(team.apply(square, 3), 9);
}

TEST_F(master_test, results_of_many_messages_worth_arrive_whole) {
  master team;
  process worker = start_worker(listen(team));
  EXPECT_EQ(team.apply(repeat, "0123456789", 300'000U).size(), 3'000'000U);
  std::vector<std::string> texts(40, std::string(100'000, 'x'));
  const auto back = team.map(echo, texts);
  EXPECT_EQ(back, texts);
}

TEST_F(master_test, work_waits_for_workers_and_those_that_come_late_take_part) {
  master team;
  const net::endpoint at = listen(team);
  auto all = team.map_async(slow_square, std::views::iota(0, 200), chunk(2));
  EXPECT_FALSE(all.wait_for(1ms));
  process first = start_worker(at);
  while (team.progress().done < 20) std::this_thread::sleep_for(1ms);
  process second = start_worker(at);
  process third = start_worker(at);
  first.kill();  // and one leaves early
  EXPECT_EQ(all.get(), squares(200));
  EXPECT_EQ(first.wait().signal(), SIGKILL);
}

TEST_F(master_test, each_result_comes_once_while_workers_are_killed_and_others_come) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    master team(master_options().retry_on_death(1000));
    const net::endpoint at = listen(team);
    team.add_processes(*server_, 1);
    std::vector<process> workers;
    for (int i = 0; i < 3; ++i) workers.push_back(start_worker(at));
    auto all = team.map_async(slow_square, std::views::iota(0, 600), chunk(3));
    lakh::random_sequence dice(seed);
    while (!all.done()) {
      std::this_thread::sleep_for(std::chrono::microseconds(dice.below(20'000)));
      process& one = workers[dice.below(workers.size())];
      one.kill();
      one.wait();
      one = start_worker(at);
    }
    EXPECT_EQ(all.get(), squares(600));
  }
}

TEST_F(master_test, a_part_that_kills_its_workers_is_given_up) {
  master team(master_options().retry_on_death(2));
  const net::endpoint at = listen(team);
  std::vector<process> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(start_worker(at));
  while (team.workers() < 4) std::this_thread::sleep_for(1ms);
  try {
    team.apply(die, 1);
    ADD_FAILURE();
  } catch (const lakh::worker_died& e) {
    EXPECT_FALSE(e.status());
    EXPECT_NE(std::string(e.what()).find(" at 127.0.0.1:"), std::string::npos) << e.what();
  }
  EXPECT_EQ(team.apply(square, 5), 25);
  EXPECT_EQ(team.progress().deaths, 3U);
}

TEST_F(master_test, a_worker_without_the_key_is_refused_and_disturbs_nobody) {
  master team;
  const net::endpoint at = listen(team);
  process stranger = start_worker(at, std::string(32, 'x'));
  EXPECT_EQ(stranger.wait().code(), not_let_in);
  process worker = start_worker(at);
  EXPECT_EQ(team.apply(square, 4), 16);
  while (team.last_refusal().empty()) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(team.workers(), 1U);
}

TEST_F(master_test, a_worker_of_other_source_or_with_smaller_messages_is_refused_and_told_why) {
  master team;
  const net::endpoint at = listen(team);
  process small = start_worker(at, key_text, 1000);
  EXPECT_EQ(small.wait().code(), refused);
  // The fork server was made before this was known.
  static int repeated = 0;  // a name stays known: under --gtest_repeat each time another
  const std::string name = "master_test.newer" + std::to_string(repeated++);
  const worker_function newer(name, [](int n) { return n; });
  process older = start_worker(at);
  const auto [code, signal] = [&] {
    const auto end = older.wait();
    return std::pair(end.code(), end.signal());
  }();
  // Once named, a function is known to all masters of this program.
  EXPECT_EQ(signal, 0);
  EXPECT_EQ(code, refused);
  while (team.last_refusal().find("knows no function \"" + name) == std::string::npos) std::this_thread::sleep_for(1ms);
}

// A peer that knows the way in, and then does as it likes.
task<void> let_in(lakh::framed_stream& to) {
  co_await lakh::authenticate(to, shared_key(key_text), lakh::handshake_side::connecting,
                              std::string(lakh::detail::worker_purpose));
  const std::string hello = lakh::pack(lakh::detail::hello_message, std::string(lakh::detail::worker_protocol),
                                       std::string("odd one"), lakh::detail::registered_functions(),
                                       std::uint64_t{lakh::default_message_limit}, std::uint64_t{60'000});
  co_await to.send(hello);
  (void)co_await to.receive();
}

// Says this to the work that it gets, and then nothing for ever. Returns when it has been thrown out.
task<void> answer_with(net::endpoint at, std::string message) {
  lakh::framed_stream peer(co_await net::connect(at));
  co_await let_in(peer);
  while (true) {
    const auto said = co_await peer.receive();
    if (!said) break;
    if (said->front() == 'W' && !message.empty()) co_await peer.send(message);
  }
}

void be_thrown_out(task<void> peer) {
  try {
    lakh::run(std::move(peer));
  } catch (const lakh::closed_error&) {
  }
}

TEST_F(master_test, strangers_that_say_anything_are_let_go) {
  master team;
  const net::endpoint at = listen(team);
  process worker = start_worker(at);
  lakh::random_sequence dice(7);
  for (int i = 0; i < 20; ++i) {
    std::string noise;
    for (std::uint64_t n = dice.below(200) + 1; n > 0; --n) noise += static_cast<char>(dice.below(256));
    lakh::run([](net::endpoint to, std::string what) -> task<void> {
      const auto stream = co_await net::connect(to);
      try {
        co_await stream->write(what);
      } catch (const lakh::transport_error&) {
        co_return;
      }
    }(at, noise));
  }
  EXPECT_EQ(team.apply(square, 6), 36);
}

TEST_F(master_test, a_worker_that_answers_nonsense_is_thrown_out_and_its_part_done_by_another) {
  using lakh::pack;
  const auto answer = [](std::uint64_t id, std::uint32_t first, std::uint32_t count, bool last, auto... items) {
    return pack('A', id, first, count, last, items...);
  };
  const std::vector<std::string> nonsense = {
      "A",
      "x",
      std::string(1000, 'A'),
      answer(999, 0, 1, true, '\0', 36),     // not its part
      answer(1, 1, 1, true, '\0', 36),       // not the next item
      answer(1, 0, 2, true, '\0', 36),       // more items than were asked
      answer(1, 0, 0, true),                 // none of them
      answer(1, 0, 0, false),                // for ever
      answer(1, 0, 1, true, '\2', 36),       // neither done nor failed
      answer(1, 0, 1, true, '\0', '\1'),     // no int
      answer(1, 0, 1, true, '\0', 36, 'x'),  // something behind it
      answer(1, 0, 1, true, '\1', 36),       // no error
  };
  for (const std::string& one : nonsense) {
    master team;
    const net::endpoint at = listen(team);
    auto result = team.submit(square, 6);
    be_thrown_out(answer_with(at, one));
    EXPECT_EQ(team.progress().deaths, 1U) << one;
    process worker = start_worker(at);
    EXPECT_EQ(result.get(), 36);
  }
}

TEST_F(master_test, a_worker_that_is_silent_is_taken_for_dead) {
  master team(master_options().silence(150ms));
  const net::endpoint at = listen(team);
  auto result = team.submit(square, 6);
  be_thrown_out(answer_with(at, {}));
  EXPECT_EQ(team.progress().deaths, 1U);
  process stopped = start_worker(at);
  process worker = start_worker(at);
  EXPECT_EQ(result.get(), 36);
  while (team.workers() < 2) std::this_thread::sleep_for(1ms);
  stopped.send_signal(SIGSTOP);
  EXPECT_EQ(team.map(slow_square, std::views::iota(0, 100), chunk(1)), squares(100));
  while (team.workers() > 1) std::this_thread::sleep_for(1ms);
}

TEST_F(master_test, a_worker_hears_of_its_master_as_often_as_it_wants_to) {
  master team;  // would be content with less
  process worker = start_worker(listen(team), key_text, lakh::default_message_limit, 400ms);
  while (team.workers() < 1) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(worker.wait_for(1200ms), std::nullopt);
  EXPECT_EQ(team.apply(square, 5), 25);
}

// Takes work, and answers with what comes over a very slow link.
task<void> answer_slowly(net::endpoint at, std::string message) {
  lakh::framed_stream peer(co_await net::connect(at));
  co_await let_in(peer);
  std::optional<std::string> said;
  while (!said || said->front() != 'W') said = co_await peer.receive();
  const auto header = lakh::frame_header(message.size(), message.size());
  message.insert(0, header.data(), header.size());
  for (std::size_t i = 0; i < message.size(); ++i) {
    co_await lakh::sleep_for(30ms);
    co_await peer.stream().write(std::string_view(message).substr(i, 1));
  }
  while (said) said = co_await peer.receive();
}

TEST_F(master_test, a_worker_whose_answer_comes_slowly_is_not_silent) {
  master team(master_options().silence(300ms).retry_on_death(0));
  const net::endpoint at = listen(team);
  auto result = team.submit(echo, "as slow as that");
  std::thread peer([&] {
    be_thrown_out(answer_slowly(at, lakh::pack('A', std::uint64_t{1}, std::uint32_t{0}, std::uint32_t{1}, true, '\0',
                                               std::string("as slow as that"))));
  });
  EXPECT_EQ(result.get(), "as slow as that");
  team.terminate();
  peer.join();
}

TEST_F(master_test, options_beyond_all_measure_are_bounded) {
  constexpr std::size_t endless = std::numeric_limits<std::size_t>::max();
  master team(master_options().silence(lakh::duration::max()).message_limit(endless));
  process worker = start_worker(listen(team), key_text, endless, lakh::duration::max());
  EXPECT_EQ(team.apply(square, 5), 25);
  EXPECT_EQ(team.workers(), 1U);
}

TEST_F(master_test, processes_that_cannot_be_kept_up_do_not_end_the_work_of_others) {
  std::optional<fork_server> other(std::in_place);
  {
    master team;
    process worker = start_worker(listen(team));
    team.add_processes(*other, 2);
    while (team.workers() < 3) std::this_thread::sleep_for(1ms);
    ::kill(other->id(), SIGKILL);
    while (team.workers() > 1) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(team.map(square, std::views::iota(0, 100)), squares(100));
    while (team.last_refusal().find("fork server") == std::string::npos) std::this_thread::sleep_for(1ms);
  }
  other.reset();
  other.emplace();
  {
    master team;  // whose workers can come from nowhere else
    team.add_processes(*other, 2);
    ::kill(other->id(), SIGKILL);
    EXPECT_THROW(
        {
          while (true) team.apply(square, 1);
        },
        lakh::error);
  }
  other.reset();
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

TEST_F(master_test, a_place_that_fails_does_not_take_its_workers_along) {
  master team(master_options().retry_on_death(0));
  process worker = start_worker(listen(team));
  auto all = team.map_async(slow_square, std::views::iota(0, 200), chunk(1));
  while (team.workers() < 1) std::this_thread::sleep_for(1ms);
  for (const int fd : lakh::testing::open_descriptors()) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) ::shutdown(fd, SHUT_RDWR);
  }
  while (team.last_refusal().find("listen") == std::string::npos) std::this_thread::sleep_for(1ms);
  ASSERT_TRUE(all.wait_for(20s));
  EXPECT_EQ(all.get(), squares(200));
  EXPECT_EQ(team.workers(), 1U);
  team.join();
  EXPECT_EQ(worker.wait().code(), went_home);
}

TEST_F(master_test, a_worker_that_works_for_long_is_not_taken_for_dead) {
  master team(master_options().silence(100ms).retry_on_death(0));
  process worker = start_worker(listen(team));
  EXPECT_EQ(team.map(slow_square, std::views::iota(0, 400), chunk(400)), squares(400));
}

TEST_F(master_test, a_master_that_ends_leaves_nothing_behind) {
  std::optional<master> team(std::in_place);
  const net::endpoint at = listen(*team);
  process idle = start_worker(at);
  team->add_processes(*server_, 2);
  while (team->workers() < 3) std::this_thread::sleep_for(1ms);
  auto hanging = team->map_async(hang, std::views::iota(0, 2), chunk(1));
  auto waiting = team->map_async(slow_square, std::views::iota(0, 10'000), chunk(1));
  while (team->progress().running < 3) std::this_thread::sleep_for(1ms);
  team.reset();
  EXPECT_THROW(hanging.get(), lakh::cancelled);
  EXPECT_THROW((void)waiting.get(), lakh::cancelled);
  idle.kill();  // it may have got one that hangs
  idle.wait();
}

TEST_F(master_test, workers_go_when_their_master_is_killed) {
  const std::string path = std::filesystem::temp_directory_path() / ("master_killed." + std::to_string(::getpid()));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  process killed = server_->start(
      [](std::string_view where, std::span<lakh::unique_fd> descriptors) {
        master team;
        team.listen(net::endpoint::unix_domain(std::string(where)), shared_key(key_text));
        auto all = team.map_async(slow_square, std::views::iota(0, 10'000), chunk(1));
        while (team.progress().running == 0) std::this_thread::sleep_for(1ms);
        (void)!::write(descriptors[0].get(), "!", 1);
        all.wait();
        return 0;
      },
      path, {ends.data() + 1, 1});
  process worker = start_worker(net::endpoint::unix_domain(path));
  char works = 0;
  EXPECT_EQ(::read(ends[0], &works, 1), 1);
  ::close(ends[0]);
  ::close(ends[1]);
  killed.kill();
  killed.wait();
  EXPECT_EQ(worker.wait().signal(), 0);
  std::filesystem::remove(path);
}

}  // namespace

// What the ledger promises after the worst: a killed loader, a full disk.
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/ledger.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh::load {
namespace {

class ledger_crash : public ::testing::Test {
 protected:
  ledger_crash() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_crash_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
  }
  ~ledger_crash() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

outcome_record confirmed(std::uint64_t item) {
  outcome_record made;
  made.item = item;
  made.state = outcome_state::confirmed;
  made.status = 201;
  made.attempts = 1;
  made.last_attempt = certainty::answered;
  return made;
}

// What the child tells before and after each item.
struct message {
  char what;  // 's': about to be sent, 'd': its outcome was handed over, 'f': flushed up to here
  std::uint64_t item;
};

void tell(int pipe, char what, std::uint64_t item) {
  message text{};
  text.what = what;
  text.item = item;
  if (::write(pipe, &text, sizeof text) != sizeof text) ::_exit(3);
}

// Claims and sends until it is killed.
[[noreturn]] void load_forever(const std::filesystem::path& folder, int pipe, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  ledger_writer writer(folder, ledger_identity("20261121-235901-k7f3q2", "00ff", 1, 0));
  outcome_batch batch;
  std::uint64_t next = 0;
  std::vector<std::uint64_t> handed;
  for (;;) {
    const std::uint64_t count = 1 + random() % 30;
    writer.claim(next, count);
    for (std::uint64_t item = next; item < next + count; ++item) {
      tell(pipe, 's', item);
      if (random() % 20 == 0) continue;  // never answered
      batch.append(confirmed(item));
      handed.push_back(item);
      if (random() % 10 != 0) continue;
      while (!writer.submit(batch)) std::this_thread::yield();
      if (random() % 5 != 0) continue;
      writer.flush();
      for (const std::uint64_t done : handed) tell(pipe, 'd', done);
      handed.clear();
    }
    next += count;
  }
}

std::vector<message> drain(int pipe, std::atomic<std::size_t>& count) {
  std::vector<message> messages;
  message one{};
  while (::read(pipe, &one, sizeof one) == static_cast<ssize_t>(sizeof one)) {
    messages.push_back(one);
    ++count;
  }
  return messages;
}

TEST_F(ledger_crash, whatever_was_sent_before_a_kill_is_claimed_and_whatever_was_flushed_is_known) {
  constexpr int kills = 60;
  std::size_t sent = 0;
  std::size_t doubtful = 0;
  for (int round = 0; round < kills; ++round) {
    const auto folder = folder_ / std::to_string(round);
    std::filesystem::create_directory(folder);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const unique_fd read_end(ends[0]);
    unique_fd write_end(ends[1]);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) load_forever(folder, write_end.get(), static_cast<std::uint64_t>(round));
    write_end.reset();

    std::mt19937_64 random(static_cast<std::uint64_t>(round) + 1000);
    std::vector<message> messages;
    std::atomic<std::size_t> count = 0;
    // A thread of its own, so that the child never waits for the pipe.
    std::thread listener([&] { messages = drain(read_end.get(), count); });
    // At any moment: a third of them while the ledger is made, the others at any point of the work, however slow the
    // disk is.
    const std::size_t wanted = round % 3 == 0 ? 0 : random() % 300;
    for (int wait = 0; count < wanted && wait < 20'000; ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    listener.join();
    ASSERT_TRUE(WIFSIGNALED(status)) << "the loader ended by itself with " << status;

    ledger_reader reader(folder);
    const item_states states = reader.read();
    for (const message& one : messages) {
      const item_state state = states.get(one.item);
      if (one.what == 's') {
        ASSERT_NE(state, item_state::unclaimed) << "item " << one.item << " was sent without a claim, round " << round;
      } else {
        ASSERT_EQ(state, item_state::confirmed) << "item " << one.item << " was flushed, round " << round;
      }
      sent += one.what == 's' ? 1 : 0;
    }
    doubtful += states.count(item_state::claimed);
    std::filesystem::remove_all(folder);
  }
  EXPECT_GT(sent, 100U) << "the loaders were killed before they did anything";
  EXPECT_GT(doubtful, 0U);
}

// Writes until it cannot; 0 if everything was as promised, else a number that says what was not.
int fill(const std::filesystem::path& folder) {
  int failures = 0;
  std::string hint;
  std::string reason;
  try {
    ledger_writer writer(folder, ledger_identity("20261121-235901-k7f3q2", "00ff", 1, 0),
                         ledger_options().on_failure([&](const storage_error& caught) {
                           ++failures;
                           hint = caught.hint();
                           reason = caught.what();
                         }));
    std::uint64_t next = 0;
    outcome_batch batch;
    const std::string padding = "{\"pad\":\"" + std::string(1000, 'x') + "\"}";
    try {
      for (;; ++next) {
        if (next > 1'000'000) return 10;  // it never failed
        writer.claim(next, 1);
        outcome_record one = confirmed(next);
        one.kept = padding;
        batch.append(one);
        if (batch.full()) {
          while (!writer.submit(batch)) std::this_thread::yield();
        }
      }
    } catch (const storage_error& caught) {
      if (caught.what() != reason) return 11;
    }
    if (failures != 1) return 12;
    if (!writer.failed()) return 13;
    if (reason.find("ledger-0.db") == std::string::npos) return 14;
    if (hint.find("disk") == std::string::npos) return 15;
    try {  // from now on nothing is claimed, and nobody waits for ever
      writer.claim(next, 1);
      return 16;
    } catch (const storage_error&) {
    }
    for (int i = 0; i < 200; ++i) {
      batch.append(confirmed(0));
      if (!writer.submit(batch)) return 17;
    }
    try {
      writer.close();
      return 18;
    } catch (const storage_error&) {
    }
  } catch (const storage_error&) {
    return 19;
  }
  // What was written before is intact.
  const item_states states = ledger_reader(folder).read();
  return states.size() > 0 ? 0 : 20;
}

TEST_F(ledger_crash, at_a_file_size_limit_it_fails_once_clearly_and_nothing_is_claimed_any_more) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    limit.rlim_cur = limit.rlim_max = 1024 * 1024;
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(30);
    ::_exit(fill(folder_));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(ledger_crash, on_a_full_disk_it_fails_once_clearly_and_nothing_is_claimed_any_more) {
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "a small file system cannot be mounted here: " << std::strerror(errno);
  const int result = fill(folder_);
  ::umount2(folder_.c_str(), MNT_DETACH);
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace lakh::load

#include <lakh/core/error.hpp>
#include <lakh/parallel/forked_for_test.hpp>
#include <lakh/parallel/robust_mutex.hpp>
#include <lakh/parallel/shared_array.hpp>
#include <lakh/parallel/shared_memory.hpp>
#include <lakh/parallel/shared_value.hpp>
#include <lakh/parallel/stepped_for_test.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <new>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using namespace lakh;
using namespace std::chrono_literals;

unique_fd copy_of(int descriptor) {
  return unique_fd(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

std::set<std::string> names_in(const char* folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

struct progress {
  std::int64_t done = 0;
  std::int64_t mirror = 0;  // always -done
  std::array<std::int64_t, 6> more{};
};
static_assert(!shared_value<progress>::is_lock_free && shared_value<std::int64_t>::is_lock_free);

TEST(shared_memory, is_seen_by_a_child_and_by_whoever_has_its_descriptor) {
  const shared_memory pages(10);
  EXPECT_EQ(pages.bytes().size(), static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(forked([&] {
              std::memcpy(pages.bytes().data(), "hello", 5);
              return 0;
            }).wait(),
            0);
  const shared_memory joined(copy_of(pages.descriptor()));
  EXPECT_EQ(std::memcmp(joined.bytes().data(), "hello", 5), 0);
}

TEST(shared_memory, cannot_be_cut_off_under_another) {
  const shared_memory pages(10'000);
  EXPECT_NE(::ftruncate(pages.descriptor(), 10), 0);
  EXPECT_NE(::ftruncate(pages.descriptor(), 1'000'000), 0);
}

TEST(shared_memory, a_descriptor_of_something_else_is_refused) {
  EXPECT_THROW(shared_memory(std::size_t{0}), input_error);
  EXPECT_THROW(shared_memory(unique_fd{}), input_error);
  EXPECT_THROW(shared_memory(unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC))), input_error);
  unique_fd growing(::memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(growing.get(), 4096), 0);
  EXPECT_THROW(shared_memory(std::move(growing)), input_error);
  const shared_value<int> number(1);
  EXPECT_THROW(shared_value<std::int64_t>(copy_of(number.descriptor())), input_error);
  EXPECT_THROW(shared_array<int>(copy_of(number.descriptor()), 1), input_error);
  const shared_array<int> numbers(5);
  EXPECT_THROW(shared_array<int>(copy_of(numbers.descriptor()), 6), input_error);
}

TEST(shared_memory, nothing_is_left_also_of_a_process_that_was_killed) {
  const auto before = names_in("/dev/shm");
  const auto descriptors = names_in("/proc/self/fd").size();
  {
    const shared_value<std::int64_t> ready(0);
    forked owner([&] {
      const shared_memory pages(1'000'000);
      shared_array<progress> array(1000);
      const auto held = array.lock();
      ready.atomic().store(1);
      for (;;) ::pause();
      return 0;
    });
    while (ready.get() == 0) std::this_thread::yield();
    owner.kill();
  }
  EXPECT_EQ(names_in("/dev/shm"), before);
  EXPECT_EQ(names_in("/proc/self/fd").size(), descriptors);
}

TEST(robust_mutex, tells_the_next_one_once_that_its_holder_died) {
  const shared_memory pages(sizeof(robust_mutex));
  auto& mutex = *new (pages.bytes().data()) robust_mutex;
  EXPECT_EQ(forked([&] {
              mutex.lock();
              return 7;
            }).wait(),
            7);
  EXPECT_EQ(mutex.try_lock(), robust_mutex::taken::abandoned);
  EXPECT_EQ(forked([&] { return mutex.try_lock() ? 1 : 0; }).wait(), 0);
  EXPECT_EQ(forked([&] { return mutex.try_lock_until(clock::now() + 1ms) ? 1 : 0; }).wait(), 0);
  mutex.unlock();
  EXPECT_EQ(mutex.lock(), robust_mutex::taken::clean);
  mutex.unlock();
}

TEST(robust_mutex, one_who_waits_is_told_when_the_holder_is_killed) {
  const shared_memory pages(sizeof(robust_mutex) + 64);
  auto& mutex = *new (pages.bytes().data()) robust_mutex;
  const shared_value<int> held(0);
  forked holder([&] {
    mutex.lock();
    held.atomic().store(1);
    for (;;) ::pause();
    return 0;
  });
  while (held.get() == 0) std::this_thread::yield();
  forked waits([&] { return mutex.lock() == robust_mutex::taken::abandoned ? 1 : 2; });
  holder.kill();
  EXPECT_EQ(waits.wait(), 1);
}

TEST(robust_mutex, one_thread_cannot_take_it_twice) {
  const shared_memory pages(sizeof(robust_mutex));
  auto& mutex = *new (pages.bytes().data()) robust_mutex;
  // In a child: what goes wrong here waits for ever.
  EXPECT_EQ(forked([&] {
              mutex.lock();
              int refused = 0;
              const auto again = [&](auto&& take) {
                try {
                  (void)take();
                } catch (const error& e) {
                  if (e.code() == std::errc::resource_deadlock_would_occur) ++refused;
                }
              };
              again([&] { return mutex.try_lock(); });
              again([&] { return mutex.try_lock_until(clock::now() + 1h); });
              again([&] { return mutex.lock(); });
              mutex.unlock();
              return mutex.try_lock() == robust_mutex::taken::clean ? refused : -1;
            }).wait(),
            3);
}

TEST(robust_mutex, is_unlocked_by_the_thread_that_locked_it_and_by_no_other) {
  const shared_memory pages(sizeof(robust_mutex));
  auto& mutex = *new (pages.bytes().data()) robust_mutex;
  forked wrong([&] {
    ::close(STDERR_FILENO);
    mutex.lock();
    std::thread([&] { mutex.unlock(); }).join();
    return 0;
  });
  EXPECT_EQ(wrong.wait(), 128 + SIGABRT);
  EXPECT_EQ(mutex.lock(), robust_mutex::taken::abandoned);
  mutex.unlock();
}

template <class T> class shared_value_of : public testing::Test {};
using lock_free_or_not = testing::Types<std::int64_t, progress>;
TYPED_TEST_SUITE(shared_value_of, lock_free_or_not);

void add_one(std::int64_t& value) {
  ++value;
}
void add_one(progress& value) {
  ++value.done;
  --value.mirror;
}
std::int64_t number_in(std::int64_t value) {
  return value;
}
std::int64_t number_in(const progress& value) {
  return value.done == -value.mirror ? value.done : -1;
}

TYPED_TEST(shared_value_of, counts_every_update_of_threads_and_processes) {
  shared_value<TypeParam> value;
  constexpr int each = 2000;
  const auto work = [&] {
    for (int i = 0; i < each; ++i) value.update([](TypeParam& now) { add_one(now); });
    return 0;
  };
  std::vector<forked> children;
  for (int i = 0; i < 2; ++i) children.emplace_back(work);
  {
    std::thread one(work);
    std::thread other(work);
    one.join();
    other.join();
  }
  for (forked& child : children) EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(number_in(value.get()), 4 * each);
  const shared_value<TypeParam> joined(copy_of(value.descriptor()));
  EXPECT_EQ(number_in(joined.get()), 4 * each);
}

TYPED_TEST(shared_value_of, is_whole_whichever_instruction_of_an_update_was_the_last) {
  const auto try_with = [](long steps) {
    shared_value<TypeParam> value;
    const auto done = kill_after_steps([&] { value.update([](TypeParam& now) { add_one(now); }); }, steps);
    const std::int64_t found = number_in(value.get());
    EXPECT_TRUE(found == 0 || found == 1) << steps;
    value.update([](TypeParam& now) { add_one(now); });
    EXPECT_EQ(number_in(value.get()), found + 1) << steps;
    return done;
  };
  const auto all = try_with(50'000);
  if (!all) GTEST_SKIP() << "processes cannot be traced here";
  const long stride = 1 + *all * *all / 20'000;
  for (long steps = 0; steps < *all; steps += stride) try_with(steps);
}

TYPED_TEST(shared_value_of, an_update_that_throws_changes_nothing) {
  shared_value<TypeParam> value;
  EXPECT_THROW(value.update([](TypeParam& now) {
    add_one(now);
    throw 1;
  }),
               int);
  EXPECT_EQ(number_in(value.get()), 0);
  value.set(TypeParam{});
}

TEST(shared_value, changes_in_one_step_and_updates_do_not_lose_each_other) {
  shared_value<std::int64_t> value(0);
  forked child([&] {
    for (int i = 0; i < 20'000; ++i) value.atomic().fetch_add(1);
    return 0;
  });
  for (int i = 0; i < 20'000; ++i) value.update([](std::int64_t& now) { now += 2; });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(value.get(), 60'000);
}

TEST(shared_array, is_changed_one_by_one_and_all_together) {
  shared_array<std::int64_t> numbers(100);
  EXPECT_EQ(numbers.get(99), 0);
  forked child([&] {
    for (int round = 0; round < 500; ++round) {
      const auto all = numbers.lock();
      for (std::int64_t& number : all.values()) ++number;
    }
    return 0;
  });
  for (int round = 0; round < 500; ++round) numbers.update(99, [](std::int64_t& number) { ++number; });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(numbers.get(0), 500);
  EXPECT_EQ(numbers.get(99), 1000);
  EXPECT_EQ(numbers.atomic(5).fetch_add(1), 500);
  EXPECT_THROW((void)numbers.get(100), input_error);
  EXPECT_THROW(shared_array<int>(0), input_error);
  shared_array<std::int64_t> joined(copy_of(numbers.descriptor()), 100);
  EXPECT_EQ(joined.get(5), 501);
}

TEST(shared_array, everybody_is_told_of_a_dead_holder_until_one_has_repaired) {
  shared_array<int> numbers(10);
  EXPECT_EQ(forked([&] {
              const auto held = numbers.lock();
              held.values()[0] = 1;
              ::_exit(3);
              return 0;
            }).wait(),
            3);
  EXPECT_EQ(numbers.get(0), 1);  // does not ask
  EXPECT_TRUE(numbers.lock().abandoned());
  {
    const auto held = numbers.lock();
    EXPECT_TRUE(held.abandoned());
    held.values()[0] = 0;
    held.repaired();
  }
  EXPECT_FALSE(numbers.lock().abandoned());
}

TEST(shared_array, a_wait_for_the_lock_ends_with_its_time) {
  shared_array<int> numbers(10);
  const auto held = numbers.lock();
  EXPECT_EQ(forked([&] { return numbers.try_lock_until(clock::now() + 1ms) ? 1 : 0; }).wait(), 0);
}

}  // namespace

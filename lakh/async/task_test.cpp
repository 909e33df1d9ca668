#include <lakh/async/run.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/task.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using lakh::task;

task<int> number(int value) {
  co_return value;
}
task<std::string> text() {
  co_return "a string that is longer than any small-string buffer";
}
task<int> sum() {
  co_return co_await number(2) + co_await number(40);
}
task<void> fails() {
  co_await lakh::yield();
  throw std::runtime_error("as it must");
}

TEST(task, hands_back_a_value_through_several_frames) {
  EXPECT_EQ(lakh::run(sum()), 42);
}

TEST(task, hands_back_what_owns_memory) {
  EXPECT_EQ(lakh::run(text()).size(), 52U);
}

TEST(task, an_exception_reaches_the_caller_of_run) {
  EXPECT_THROW(lakh::run(fails()), std::runtime_error);
}

TEST(task, one_that_is_never_awaited_never_starts_and_frees_its_arguments) {
  auto shared = std::make_shared<int>(1);
  {
    auto never = [](std::shared_ptr<int> held) -> task<int> { co_return *held; }(shared);
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(task, a_million_awaits_that_end_at_once_do_not_use_up_the_stack) {
  auto many = []() -> task<long> {
    long total = 0;
    for (int i = 0; i < 1'000'000; ++i) total += co_await number(1);
    co_return total;
  };
  EXPECT_EQ(lakh::run(many()), 1'000'000);
}

TEST(task, moves_only_values_travel) {
  auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  EXPECT_EQ(*lakh::run(make()), 7);
}

// The types that g++ 12 frees twice are aggregates; ours have constructors. This is the shape of call it must survive.
struct options {
  options() = default;
  explicit options(std::string given) : name(std::move(given)) {}
  std::string name;
};
task<std::size_t> takes(options given) {
  co_await lakh::yield();
  co_return given.name.size();
}
TEST(task, an_argument_with_a_constructor_passed_as_a_temporary_is_freed_once) {
  auto work = []() -> task<std::size_t> { co_return co_await takes(options(std::string(100, 'x'))); };
  EXPECT_EQ(lakh::run(work()), 100U);
}

}  // namespace

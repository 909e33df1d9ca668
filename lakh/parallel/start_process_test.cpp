#include <lakh/core/error.hpp>
#include <lakh/parallel/process_testing.hpp>
#include <lakh/parallel/start_process.hpp>

#include <boost/describe/class.hpp>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lakh::child_options;
using lakh::fork_server;
using lakh::process;
using lakh::start_process;
using lakh::stream_to;

class start_process_test : public lakh::testing::process_test {};

int add(int a, int b) {
  return a + b;
}
void print_all(const std::vector<std::string>& words, std::string_view end) {
  for (const std::string& word : words) std::printf("%s,", word.c_str());
  std::printf("%.*s", static_cast<int>(end.size()), end.data());
}
[[noreturn]] int fail(int number) {
  throw lakh::input_error("no " + std::to_string(number) + " here");
}

struct scale {
  int by = 1;
  int operator()(int number) const { return number * by; }
};
BOOST_DESCRIBE_STRUCT(scale, (), (by))

std::string output_of(process& child) {
  child.wait();
  return child.take_output(10'000);
}

TEST_F(start_process_test, a_function_gets_its_arguments_and_its_result_is_the_exit_code) {
  fork_server server;
  EXPECT_EQ(start_process(server, add, 40, 2).wait().code(), 42);
  EXPECT_EQ(start_process(server, &add, short{1}, 2).wait().code(), 3);
}

TEST_F(start_process_test, arguments_are_packed_as_its_parameters) {
  fork_server server;
  const std::vector<std::string> words{"one", "two"};
  process child = start_process(server, child_options().name("print").output(stream_to::pipe), print_all, words, "end");
  EXPECT_EQ(child.name(), "print");
  EXPECT_EQ(output_of(child), "one,two,end");
  EXPECT_TRUE(child.wait().success());  // it returns nothing
}

TEST_F(start_process_test, lambdas_and_function_objects_go_too) {
  fork_server server;
  EXPECT_EQ(start_process(server, [](int n) { return n + 1; }, 1).wait().code(), 2);
  EXPECT_EQ(start_process(server, scale{7}, 3).wait().code(), 21);
  EXPECT_TRUE(start_process(server, [] {}).wait().success());
}

TEST_F(start_process_test, what_it_throws_is_told) {
  fork_server server;
  process child = start_process(server, child_options().errors(stream_to::pipe), fail, 13);
  EXPECT_EQ(child.wait().code(), fork_server::uncaught);
  EXPECT_EQ(child.take_errors(1000), "a forked function failed: no 13 here\n");
}

}  // namespace

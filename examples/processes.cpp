// Processes: functions of this program, and other programs. Started, spoken to, waited for, stopped.
#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/process.hpp>
#include <lakh/parallel/run_program.hpp>
#include <lakh/parallel/start_process.hpp>

#include <chrono>
#include <cstdio>
#include <string>

#include <unistd.h>

using namespace std::chrono_literals;

// What it returns is its exit code.
int count_letters(const std::string& text, char letter) {
  int count = 0;
  for (const char c : text) count += c == letter ? 1 : 0;
  return count;
}

void functions(lakh::fork_server& server) {
  lakh::process child = lakh::start_process(server, count_letters, "one lakh is 100,000", '0');
  std::printf("the child counted %d\n", child.wait().code());

  auto sleeper = lakh::start_process(server, lakh::child_options().name("sleeper"), [] { ::sleep(60); });
  if (!sleeper.wait_for(20ms)) std::printf("%s is still alive\n", sleeper.name().c_str());
  sleeper.terminate();
  std::printf("it ended by signal %d\n", sleeper.wait().signal());
}

lakh::task<void> programs() {
  auto sorted = co_await lakh::run_program(lakh::program("sort").arg("-n")).input("30\n4\n100\n").timeout(30s);
  std::printf("sort: exit code %d\n%s", sorted.status.code(), sorted.output.c_str());

  auto cat = lakh::process::start(lakh::program("cat").input(lakh::stream_to::pipe).output(lakh::stream_to::pipe));
  co_await cat.write("hello");
  const std::string answer = co_await cat.read_output();
  std::printf("cat says %s\n", answer.c_str());
  cat.close_input();
  const lakh::exit_status end = co_await cat.async_wait();
  std::printf("cat ended with exit code %d\n", end.code());

  try {
    co_await lakh::run_program(lakh::program("sleep").arg("60")).timeout(50ms);
  } catch (const lakh::timeout_error&) {
    std::printf("sleep was stopped\n");
  }
}

int main() {
  lakh::fork_server server;  // while there is one thread; children can be started when there are many
  functions(server);
  return lakh::run_main(programs());
}

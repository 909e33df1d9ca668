// One run of a process queue for bench/parallel/queue.py: so many producers push small messages, so many consumers pop
// them, all of them processes. Prints messages per second, from the start of the first to the end of the last.
//
//   lakh_queue_speed PRODUCERS CONSUMERS MESSAGES
#include <lakh/core/error.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/packed.hpp>
#include <lakh/parallel/process_queue.hpp>
#include <lakh/parallel/shared_value.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using queue = lakh::process_queue<std::int64_t>;

// All wait for the start together: starting processes is not what is measured.
void wait_for_start(lakh::unique_fd descriptor) {
  lakh::shared_value<std::int32_t> go(std::move(descriptor));
  go.atomic().fetch_add(1);
  while (go.get() >= 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
}

int produce(std::string_view argument, std::span<lakh::unique_fd> descriptors) {
  queue to(descriptors.first(3));
  wait_for_start(std::move(descriptors[3]));
  const auto messages = lakh::unpack<std::int64_t>(argument);
  for (std::int64_t i = 0; i < messages; ++i)
    if (!to.push(i)) return 1;
  return 0;
}

int consume(std::string_view argument, std::span<lakh::unique_fd> descriptors) {
  queue from(descriptors.first(3));
  wait_for_start(std::move(descriptors[3]));
  const auto messages = lakh::unpack<std::int64_t>(argument);
  for (std::int64_t i = 0; i < messages; ++i)
    if (!from.pop()) return 1;
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const auto number = [&](int at) { return at < count ? std::atoll(words[at]) : 0; };
  const std::int64_t producers = number(1);
  const std::int64_t consumers = number(2);
  const std::int64_t messages = number(3);
  if (producers < 1 || consumers < 1 || messages < 1 || messages % producers != 0 || messages % consumers != 0) {
    std::fprintf(stderr, "usage: lakh_queue_speed PRODUCERS CONSUMERS MESSAGES (a multiple of both)\n");
    return 2;
  }
  try {
    lakh::fork_server server;
    const queue between(1000);
    const lakh::shared_value<std::int32_t> go(0);
    std::vector<int> descriptors;
    for (const int one : between.descriptors()) descriptors.push_back(one);
    descriptors.push_back(go.descriptor());
    std::vector<lakh::process> crew;
    for (std::int64_t i = 0; i < consumers; ++i)
      crew.push_back(server.start(consume, lakh::pack(messages / consumers), descriptors));
    for (std::int64_t i = 0; i < producers; ++i)
      crew.push_back(server.start(produce, lakh::pack(messages / producers), descriptors));
    while (go.get() < producers + consumers) std::this_thread::sleep_for(std::chrono::microseconds(50));
    const auto begun = std::chrono::steady_clock::now();
    go.atomic().store(-1);
    for (lakh::process& one : crew)
      if (!one.wait().success()) {
        std::fprintf(stderr, "lakh_queue_speed: a process failed\n");
        return 1;
      }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::printf("%.0f\n", static_cast<double>(messages) / took.count());
    return 0;
  } catch (const lakh::error& e) {
    std::fprintf(stderr, "lakh_queue_speed: %s\n", e.what());
    return 1;
  }
}

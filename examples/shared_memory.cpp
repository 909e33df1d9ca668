// What processes share: a value, an array and a queue in memory, and a pipe for messages. Each of them reaches the
// children as descriptors; nothing of it is in the file system, and nothing is left when the last process ends.
#include <lakh/core/error.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/message_pipe.hpp>
#include <lakh/parallel/process_queue.hpp>
#include <lakh/parallel/shared_array.hpp>
#include <lakh/parallel/shared_value.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct order {
  std::string sku;
  std::int64_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(order, (), (sku, quantity))

struct totals {
  std::int64_t orders = 0;
  std::int64_t pieces = 0;
};

// Runs in a process of its own.
int pack_orders(std::string_view /*argument*/, std::span<lakh::unique_fd> given) {
  lakh::process_queue<order> orders(given.first(3));
  lakh::shared_value<totals> sum(std::move(given[3]));
  lakh::shared_array<std::int64_t> by_quantity(std::move(given[4]), 10);
  while (const auto next = orders.pop()) {
    sum.update([&](totals& now) {
      ++now.orders;
      now.pieces += next->quantity;
    });
    by_quantity.atomic(static_cast<std::size_t>(next->quantity)).fetch_add(1);
  }
  return 0;
}

int echo(std::string_view /*argument*/, std::span<lakh::unique_fd> given) {
  lakh::message_pipe parent(std::move(given[0]));
  while (const auto message = parent.receive()) parent.send("echo " + *message);
  return 0;
}

void queue_and_values(lakh::fork_server& server) {
  lakh::process_queue<order> orders(100);
  lakh::shared_value<totals> sum;
  lakh::shared_array<std::int64_t> by_quantity(10);
  std::vector<int> given;
  for (const int one : orders.descriptors()) given.push_back(one);
  given.push_back(sum.descriptor());
  given.push_back(by_quantity.descriptor());

  std::vector<lakh::process> packers;
  for (int i = 0; i < 2; ++i) packers.push_back(server.start(pack_orders, "", given));
  for (std::int64_t i = 0; i < 1000; ++i) orders.push({"TEA-0010", i % 10});
  orders.close();
  for (lakh::process& packer : packers) packer.wait();

  std::printf("%lld orders, %lld pieces, %lld orders of 7\n", static_cast<long long>(sum.get().orders),
              static_cast<long long>(sum.get().pieces), static_cast<long long>(by_quantity.get(7)));
}

void pipe(lakh::fork_server& server) {
  auto [mine, theirs] = lakh::message_pipe::make();
  const int given[] = {theirs.descriptor()};
  lakh::process child = server.start(echo, "", given);
  theirs.close();
  mine.send("hello");
  std::printf("%s\n", mine.receive().value_or("the child is gone").c_str());
  mine.close();  // the child sees the end, and ends
  child.wait();
}

int main() {
  try {
    lakh::fork_server server;
    queue_and_values(server);
    pipe(server);
    return 0;
  } catch (const lakh::error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}

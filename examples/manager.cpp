// A manager keeps what processes share: two children count, take turns under a lock, and take jobs from a queue.
// Started on TCP and with a key from a file, the same serves other machines.
#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/manager_client.hpp>
#include <lakh/parallel/manager_process.hpp>
#include <lakh/parallel/packed.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Runs in a process of its own, and blocks where it waits.
int work(std::string_view argument, std::span<lakh::unique_fd> /*given*/) {
  const auto [where, key] = lakh::unpack<std::string, std::string>(argument);
  lakh::manager_client shared(lakh::net::endpoint::parse(where), lakh::shared_key(key));
  lakh::manager_queue jobs = shared.queue("jobs");
  lakh::manager_dict done = shared.dict("done");
  while (const auto job = jobs.pop()) {
    shared.counter("jobs done").add();
    const lakh::manager_hold alone = shared.lock("printer").take();  // given back also if this process dies
    done.set(std::get<std::string>(*job), true);
  }
  return 0;
}

// The same from a coroutine, with a client of its loop.
lakh::task<void> look(const lakh::manager_process& keeper) {
  const lakh::manager_client shared = keeper.client();
  const std::int64_t count = co_await shared.counter("jobs done").async_get();
  std::printf("%lld jobs done\n", static_cast<long long>(count));
  for (const auto& [name, value] : co_await shared.dict("done").async_items())
    std::printf("  %s: %s\n", name.c_str(), std::get<bool>(value) ? "true" : "false");
}

int main() {
  try {
    lakh::fork_server server;
    lakh::manager_process keeper(server, lakh::shared_key::random());
    lakh::manager_client shared = keeper.client();
    const std::string told = lakh::pack(keeper.where().text(), std::string(keeper.key().bytes()));

    std::vector<lakh::process> workers;
    for (int i = 0; i < 2; ++i) workers.push_back(server.start(work, told));
    for (const char* job : {"invoices", "labels", "letters"}) shared.queue("jobs").push(job);
    shared.queue("jobs").close();
    for (lakh::process& worker : workers) worker.wait();

    lakh::run(look(keeper));
    return 0;
  } catch (const lakh::error& e) {
    std::fprintf(stderr, "error: %s\n  hint: %s\n", e.what(), e.hint().c_str());
    return 1;
  }
}

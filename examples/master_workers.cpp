// A master that counts primes with workers: processes of its own, and programs that come over a socket, here from this
// machine, with the same words from any other. One of them is killed while it works, and nothing is missing.
#include <lakh/async/run.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/master.hpp>
#include <lakh/parallel/work_for.hpp>

#include <cstdio>
#include <ranges>
#include <string>
#include <thread>

// What workers can do, by name: master and workers are built of the same source.
const lakh::worker_function count_primes("count_primes", [](int from) {
  int count = 0;
  for (int n = from; n < from + 1000; ++n) {
    bool prime = n > 1;
    for (int d = 2; prime && d * d <= n; ++d) prime = n % d != 0;
    count += prime ? 1 : 0;
  }
  return count;
});

// A worker program is no more than this. Here it is a process of this program, so that the example is one.
int worker_program(std::string_view argument, std::span<lakh::unique_fd> /*none*/) {
  const auto [where, key] = lakh::unpack<std::string, std::string>(argument);
  return lakh::run_main(lakh::work_for(lakh::net::endpoint::parse(where), lakh::shared_key(key)));
}

int main() {
  lakh::fork_server server;
  const lakh::shared_key key = lakh::shared_key::random();  // on several machines: shared_key::from_file(…)

  lakh::master team;
  team.add_processes(server, 1);
  const lakh::net::endpoint at = team.listen(lakh::net::endpoint("127.0.0.1", 0), key);
  const std::string argument = lakh::pack(at.text(), std::string(key.bytes()));
  lakh::process first = server.start(worker_program, argument);
  lakh::process second = server.start(worker_program, argument);
  while (team.workers() < 3) std::this_thread::yield();

  const auto parts = std::views::iota(0, 500) | std::views::transform([](int part) { return part * 1000; });
  int primes = 0;
  int done = 0;
  for (const int count : team.imap_unordered(count_primes, parts)) {
    primes += count;
    if (++done == 100) second.kill();  // its part is handed out again
  }
  std::printf("%d primes below 500,000, in %d parts\n", primes, done);

  team.join();
  std::printf("the worker that was left went home: %s\n", first.wait().success() ? "yes" : "no");
  return primes == 41538 ? 0 : 1;
}

// One of the processes of a run: an engine with its own loops and its own ledger file, at the other end of a pipe.
// Internal to the supervisor.
#pragma once

#include <lakh/core/unique_fd.hpp>
#include <lakh/load/engine.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::load {

class shared_dispenser;

// What a worker process finds in the memory that it was forked with, at the address at which it was made. It is never
// changed while there is a fork server.
struct process_heritage {
  const plan* the_plan = nullptr;
  const feed_set* feeds = nullptr;
  std::vector<compiled_step> steps;
  std::size_t kept_count = 0;
  std::optional<std::uint64_t> requested;
  run_shape shape;
  shared_dispenser* items = nullptr;
};

// What is known only when it is started. Without a folder no ledger is kept.
struct process_orders {
  process_orders() = default;
  std::uint64_t heritage = 0;  // its address
  std::string run_id;
  std::string plan_digest;
  std::string folder;
  std::uint32_t session = 1;
  std::uint32_t writer = 0;
  std::uint32_t first_taker = 0;  // of as many as the shape has threads
  std::int64_t started_at = 0;    // of the run: seconds since 1970
  std::int64_t start = 0;         // nanoseconds of the steady clock
  std::uint64_t first_position = 0;
};

std::string to_bytes(const process_orders& orders);

// For fork_server::start. Descriptors: the pipe to the supervisor, then whatever is to be held while the process lives,
// as the run's lock. When the pipe ends, so does the process, at once. 0 if it has told its last report.
int work_as_process(std::string_view orders, std::span<unique_fd> descriptors);

}  // namespace lakh::load

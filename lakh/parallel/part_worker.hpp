// The worker's side of parts: takes a message, calls the function for each of its items, and tells what became of them.
// Internal to the room.
#pragma once

#include <lakh/core/unique_fd.hpp>
#include <lakh/parallel/part.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace lakh::detail {

class part_worker final : private part_answer {
 public:
  // Takes a message with room for a frame's header before it; may keep its memory.
  using teller = std::function<void(std::string& framed)>;
  // Whether messages may name functions by their addresses: only those of the program that forked this one.
  enum class trust : std::uint8_t { names, addresses };

  // `most`: bytes of a message, its overhead not counted.
  part_worker(teller tell, std::size_t most, trust which);

  // A work message. Throws input_error where it is none, and what `tell` throws.
  void work(std::string_view message);
  // From any thread: ends work() behind the item that is being done; what was not told by then is not told.
  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }

  // How a function is named in a message: runs it once without arguments, and drops its result. Throws what it throws.
  static void call_once(std::string_view function, trust which);

 private:
  struct called {
    part_runner run;
    std::string_view state;
  };
  static called find(unpacker& in, trust which);
  void begin_message();
  void flush(bool last) override;

  teller tell_;
  std::uint64_t id_ = 0;
  trust trust_;
};

// 'R' true, or false and the exception that is being handled; with room for a frame's header.
std::string ready_message_of(bool ready);

// Fills in the header.
void finish_frame(std::string& framed);

// What a process of a pool does (a fork_server's entry): one descriptor, the argument as pack_worker_settings wrote it.
int work_over_descriptor(std::string_view argument, std::span<unique_fd> descriptors);
// `initializer`: empty, or as function_reference writes it.
std::string pack_worker_settings(std::size_t most, std::string_view initializer);

}  // namespace lakh::detail

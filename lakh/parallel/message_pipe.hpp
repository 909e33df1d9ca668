// A pipe between two processes, for messages, both ways.
//
//   auto [mine, theirs] = lakh::message_pipe::make();
//   const int ends[] = {theirs.descriptor()};
//   lakh::process child = server.start(work, "", ends);          // fork_server.hpp
//   theirs.close();                                              // else the child's end would never be seen
//   mine.send("hello");
//   while (auto message = mine.receive()) use(*message);         // or co_await mine.async_receive()
//
//   int work(std::string_view, std::span<lakh::unique_fd> descriptors) {
//     lakh::message_pipe parent(std::move(descriptors[0])); ...
//
// 1. As with every framed connection (framed.hpp): messages arrive whole, in order and bounded; a peer that dies within
//    one is a closed_error that says so.
// 2. Receiving gives nothing when the other end is gone: closed, or its process dead. It is gone when its last copy is;
//    so each process closes the end that is not its own. Sending to it throws closed_error, and raises no signal.
// 3. One sends and one receives at a time; they do not disturb each other. An end is used by one process at a time:
//    two that read would tear messages apart, and what one has received and not yet handed out the other never sees.
// 4. A wait that ran out of time or was cancelled in receive has lost nothing. In send it may have cut the message:
//    then the pipe is of no more use, and says so.
// 5. Nothing is in the file system.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/parallel/framed.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lakh {

class message_pipe {
 public:
  // The two ends, both closed on exec.
  static std::pair<message_pipe, message_pipe> make(std::size_t most = default_message_limit);

  // An end that came from elsewhere. Throws input_error if it is no connected stream socket. Makes it close on exec.
  explicit message_pipe(unique_fd end, std::size_t most = default_message_limit);
  // An end that this program was given by number at its start: program::keep_open(descriptor()).
  static message_pipe from_number(int descriptor, std::size_t most = default_message_limit) {
    return message_pipe(unique_fd(descriptor), most);
  }

  // For threads. With a time: timeout_error when it comes first.
  void send(std::string_view message, std::optional<time_point> until = {});
  std::optional<std::string> receive(std::optional<time_point> until = {});

  // For coroutines, on any loop.
  task<void> async_send(std::string message);
  task<std::optional<std::string>> async_receive();

  [[nodiscard]] int descriptor() const noexcept { return end_.get(); }
  void close() noexcept { end_.reset(); }

 private:
  void check_whole() const;
  enum class attempt : std::uint8_t { done, must_wait, at_end };
  attempt receive_some();

  unique_fd end_;
  frame_decoder received_;
  std::size_t most_;
  bool cut_ = false;  // a message has been sent in part
};

}  // namespace lakh

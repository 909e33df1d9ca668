// A part: some items of a task that go to a worker as one message. Internal to the room.
//
// Messages (framed.hpp), little-endian as lakh::pack writes them:
//
// clang-format off
//   to a worker    'W' id:u64 items:u32 skip:u32 flags:u8 function arguments…
//                      function = 0 runner:u64 state:string | 1 name:string
//   from a worker  'A' id:u64 first:u32 count:u32 last:bool (0 result | 1 error)…     several for a part that is large
//                  'R' ready:bool [error]                                             first of all, after its initializer
// clang-format on
#pragma once

#include <lakh/parallel/callable.hpp>
#include <lakh/parallel/framed.hpp>
#include <lakh/parallel/worker_function.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace lakh::detail {

inline constexpr char work_message = 'W';
inline constexpr char answer_message = 'A';
inline constexpr char ready_message = 'R';
inline constexpr char by_address = 0;
inline constexpr char by_name = 1;
// Beside what an item needs: the head of a message, the function's name.
inline constexpr std::size_t message_overhead = 512;
// Beside one item's result: what was told before it in the same message, or an error's texts.
inline constexpr std::size_t answer_overhead = 512 * 1024;

// A message takes no more items once it has so many bytes.
inline constexpr std::size_t message_ahead = 256 * 1024;
// Throws error (errc::too_large): the arguments of one item have so many bytes.
[[noreturn]] void refuse_arguments(std::size_t bytes, std::size_t most);

// The function, as a message names it.
template <class F> struct function_reference {
  template <class Parameters> static void write(std::string& out, const F& f) {
    std::string state;
    write_function(state, f);
    out += by_address;
    pack_into(out, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&runner<F, Parameters>::run)), state);
  }
};
template <class F> struct function_reference<worker_function<F>> {
  template <class Parameters> static void write(std::string& out, const worker_function<F>& f) {
    out += by_name;
    pack_into(out, f.name());
  }
};

// What is called in the end.
template <class F> struct callee {
  using type = F;
};
template <class F> struct callee<worker_function<F>> {
  using type = F;
};

// Items as they are packed for one message.
class part_message {
 public:
  // `function` as function_reference writes it.
  explicit part_message(std::string_view function, bool stop_at_failure = false) : bytes_(head, '\0') {
    bytes_[frame_header_size] = work_message;
    bytes_[head - 1] = stop_at_failure ? '\1' : '\0';
    bytes_ += function;
  }
  // An item is its arguments, packed.
  std::string& bytes() noexcept { return bytes_; }
  void count_item() noexcept { ++items_; }
  [[nodiscard]] std::uint32_t items() const noexcept { return items_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - frame_header_size; }
  [[nodiscard]] bool stops_at_failure() const noexcept { return bytes_[head - 1] != '\0'; }

  // Throws error (errc::too_large) where it is larger than `most`.
  void seal(std::size_t most);
  // For the part with this number, whose first items have been told already. After seal.
  void address(std::uint64_t id, std::uint32_t skip) noexcept;
  // With its frame's header.
  [[nodiscard]] std::string_view frame() const noexcept { return bytes_; }
  [[nodiscard]] std::string_view message() const noexcept { return std::string_view(bytes_).substr(frame_header_size); }

 private:
  static constexpr std::size_t head = frame_header_size + 1 + 8 + 4 + 4 + 1;
  std::string bytes_;
  std::uint32_t items_ = 0;
};

// Appends the results of items that are done, at most so many, by `append`; undoes it where one cannot be read.
template <class Results, class Append>
std::uint32_t take_results(unpacker& in, std::uint32_t most, Results& to, Append append) {
  const std::size_t before = to.size();
  if (before == 0) to.reserve(std::min<std::size_t>(most, in.left()));
  std::uint32_t taken = 0;
  try {
    for (; taken < most && in.take_if(item_done); ++taken) append(to);
  } catch (...) {
    to.erase(to.begin() + static_cast<std::ptrdiff_t>(before), to.end());
    throw;
  }
  return taken;
}

class part {
 public:
  // `first`: the number of its first item within its task. The message is sealed.
  part(part_message message, std::uint64_t first) : message_(std::move(message)), first_(first) {}
  part(const part&) = delete;
  part& operator=(const part&) = delete;
  // One that is dropped before its end counts as given up.
  virtual ~part() = default;

  // Before it is handed out for the first time. False if nobody wants it any more: then it is dropped. Called with the
  // dispatcher's mutex held.
  virtual bool begin() noexcept = 0;
  // The results of the next items that are done, at most so many, and how many there were. Throws where the bytes are
  // no result; then it has taken none.
  virtual std::uint32_t take(unpacker& in, std::uint32_t most) = 0;
  virtual void take_failure(std::exception_ptr failure) = 0;
  // After some items of one message.
  virtual void flush() noexcept {}
  // All items have been told, or as many as there will be.
  virtual void end() noexcept = 0;
  // None of the items not yet told will be. Also for a part that has not begun.
  virtual void fail(std::exception_ptr why) noexcept = 0;

  [[nodiscard]] std::uint32_t items() const noexcept { return message_.items(); }
  // "task item 17" or "items 100 to 199 of a task", for messages.
  [[nodiscard]] std::string text() const;

 private:
  friend class dispatcher;
  part_message message_;
  std::uint64_t first_;
  std::uint64_t id_ = 0;
  std::uint32_t told_ = 0;
  std::uint32_t deaths_ = 0;
  bool begun_ = false;
};

}  // namespace lakh::detail

// Memory that several processes see: nameless (memfd), so that nothing is left behind however they end.
//
//   lakh::shared_memory pages(4096);
//   const int descriptors[] = {pages.descriptor()};
//   lakh::process child = server.start(work, "", descriptors);       // there: shared_memory(std::move(descriptors[0]))
//
// 1. It reaches another process by fork, as a descriptor (fork_server, SCM_RIGHTS), and goes with the last one who has
//    it mapped or open.
// 2. Its size is fixed: it is sealed, so that nobody can cut it off under another's hands.
// 3. Whoever has the descriptor can write all of it. Share it with processes of this program, not with strangers.
// For values and arrays with a lock see shared_value.hpp and shared_array.hpp, for queues process_queue.hpp.
#pragma once

#include <lakh/core/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace lakh {

class shared_memory {
 public:
  // Zeros. Takes room only as it is written to. Throws input_error for no bytes, error where the kernel refuses.
  explicit shared_memory(std::size_t bytes);
  // Made by another. Throws input_error if it is not such memory.
  explicit shared_memory(unique_fd descriptor);

  shared_memory(shared_memory&& other) noexcept
      : fd_(std::move(other.fd_)), bytes_(std::exchange(other.bytes_, std::span<std::byte>())) {}
  shared_memory& operator=(shared_memory&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~shared_memory();

  // Page-aligned; whole pages.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }

 private:
  void map(std::size_t bytes);
  unique_fd fd_;
  std::span<std::byte> bytes_;
};

namespace detail {

// What stands at the beginning of memory that holds something of lakh's: so that one who was given the wrong descriptor
// learns it.
struct shared_header {
  std::uint64_t magic = 0;
  std::uint64_t element_size = 0;
  std::uint64_t count = 0;
  std::uint64_t more = 0;
  bool operator==(const shared_header&) const = default;
};

constexpr std::uint64_t shared_magic(const char (&kind)[8]) noexcept {
  std::uint64_t magic = 0;
  for (const char c : kind) magic = magic << 8U | static_cast<unsigned char>(c);
  return magic;
}

// Throws input_error where the memory is too small, or holds something else.
void check_shared(const shared_memory& memory, const shared_header& expected, std::size_t least_bytes);

}  // namespace detail

}  // namespace lakh

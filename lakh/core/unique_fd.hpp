// A file descriptor that closes itself, and a lock on a file that ends with the process however it ends.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace lakh {

class unique_fd {
 public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~unique_fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;  // closes what it held, unless it is the same

 private:
  int fd_ = -1;
};

// Opens with O_CLOEXEC. Throws storage_error that names the file.
unique_fd open_file(const std::filesystem::path& file, int flags, unsigned mode = 0666);

// Writes all of it, through short writes and signals. `file` only names it in the storage_error.
void write_all(const unique_fd& fd, std::string_view bytes, const std::filesystem::path& file);

// Makes the file's bytes durable. Throws storage_error: after a failed fsync nothing is known about what is on the
// disk.
void sync_file(const unique_fd& fd, const std::filesystem::path& file);

// Makes a name in a folder durable, after a create or rename.
void sync_folder(const std::filesystem::path& folder);

// Replaces the file in one step: whoever reads it, also after a crash, sees the old bytes or the new ones, never a
// part. Durable when it returns.
void replace_file(const std::filesystem::path& file, std::string_view bytes);

// An exclusive lock (flock) on a file, created if it is not there. Held until the object or the process goes, also by
// SIGKILL. Empty if somebody else holds it. The file stays: removing it would let two holders lock two different files.
class file_lock {
 public:
  static std::optional<file_lock> try_take(const std::filesystem::path& file);

  // What stands in the file, for instance who holds it.
  void write_holder(std::string_view text);

  // Processes that are given it hold the lock too: it is free when the last of them is gone.
  [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }

 private:
  file_lock(unique_fd fd, std::filesystem::path file) : fd_(std::move(fd)), file_(std::move(file)) {}
  unique_fd fd_;
  std::filesystem::path file_;
};

}  // namespace lakh

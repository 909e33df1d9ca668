#include <lakh/core/error.hpp>
#include <lakh/core/unique_fd.hpp>

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lakh {
namespace {

std::string hint_for(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT: return "the disk is full: free some space, or choose a folder on another disk";
    case EACCES:
    case EPERM: return "check owner and permissions of the file and its folder";
    case EROFS: return "the disk is mounted read-only: choose another folder";
    case ENOENT: return "check the name; the folder must exist";
    case EFBIG: return "raise the file size limit (ulimit -f)";
    case EMFILE: return "raise the limit on open files (ulimit -n)";
    default: return {};
  }
}

[[noreturn]] void fail(int code, const char* doing, const std::filesystem::path& file) {
  const std::error_code reason(code, std::generic_category());
  throw storage_error(reason, file.string() + ": cannot " + doing + ": " + reason.message(), hint_for(code));
}

// The temporary file goes again unless it became the real one.
class remove_on_exit {
 public:
  explicit remove_on_exit(const std::filesystem::path& file) : file_(file) {}
  ~remove_on_exit() {
    std::error_code ignored;
    if (armed_) std::filesystem::remove(file_, ignored);
  }
  remove_on_exit(const remove_on_exit&) = delete;
  remove_on_exit& operator=(const remove_on_exit&) = delete;
  void keep() noexcept { armed_ = false; }

 private:
  const std::filesystem::path& file_;
  bool armed_ = true;
};

}  // namespace

void unique_fd::reset(int fd) noexcept {
  if (fd_ >= 0 && fd_ != fd) ::close(fd_);  // EINTR: Linux has closed it all the same
  fd_ = fd;
}

unique_fd open_file(const std::filesystem::path& file, int flags, unsigned mode) {
  int fd = -1;
  do {
    fd = ::open(file.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode));
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) fail(errno, "open it", file);
  return unique_fd(fd);
}

void write_all(const unique_fd& fd, std::string_view bytes, const std::filesystem::path& file) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      fail(errno, "write it", file);
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void sync_file(const unique_fd& fd, const std::filesystem::path& file) {
  if (::fsync(fd.get()) != 0) fail(errno, "make it durable (fsync)", file);
}

void sync_folder(const std::filesystem::path& folder) {
  const std::filesystem::path& name = folder.empty() ? std::filesystem::path(".") : folder;
  const unique_fd fd = open_file(name, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a folder and say EINVAL: there the rename is as durable as it gets.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) fail(errno, "make it durable (fsync)", name);
}

void replace_file(const std::filesystem::path& file, std::string_view bytes) {
  std::filesystem::path fresh = file;
  fresh += ".new." + std::to_string(::getpid());
  remove_on_exit cleaning(fresh);
  const unique_fd fd = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(fd, bytes, fresh);
  sync_file(fd, fresh);
  if (::rename(fresh.c_str(), file.c_str()) != 0) fail(errno, "replace it", file);
  cleaning.keep();
  sync_folder(file.parent_path());
}

std::optional<file_lock> file_lock::try_take(const std::filesystem::path& file) {
  unique_fd fd = open_file(file, O_RDWR | O_CREAT);
  int code = 0;
  do {
    code = ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  } while (code == EINTR);
  if (code == EWOULDBLOCK) return std::nullopt;
  if (code != 0) fail(code, "lock it", file);
  return file_lock(std::move(fd), file);
}

void file_lock::write_holder(std::string_view text) {
  if (::ftruncate(fd_.get(), 0) != 0 || ::lseek(fd_.get(), 0, SEEK_SET) != 0) fail(errno, "write it", file_);
  write_all(fd_, text, file_);
}

}  // namespace lakh

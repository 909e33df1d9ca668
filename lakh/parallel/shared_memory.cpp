#include <lakh/core/error.hpp>
#include <lakh/parallel/shared_memory.hpp>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lakh {
namespace {

[[noreturn]] void fail(std::size_t bytes) {
  throw_error(std::error_code(errno, std::system_category()), "share " + std::to_string(bytes) + " bytes of memory");
}

[[noreturn]] void not_ours(int descriptor, const char* why) {
  throw input_error("descriptor " + std::to_string(descriptor) + " " + why,
                    "was the right descriptor passed on, by a program of the same source?");
}

}  // namespace

shared_memory::shared_memory(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (bytes == 0 || bytes > std::numeric_limits<std::int64_t>::max() - page)
    throw input_error(std::to_string(bytes) + " bytes of memory cannot be shared");
  bytes = (bytes + page - 1) / page * page;
  fd_.reset(::memfd_create("lakh", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd_ || ::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    fail(bytes);
  map(bytes);
}

shared_memory::shared_memory(unique_fd descriptor) : fd_(std::move(descriptor)) {
  struct stat about{};
  if (::fstat(fd_.get(), &about) != 0) not_ours(fd_.get(), "is not open");
  const int seals = ::fcntl(fd_.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || about.st_size <= 0)
    not_ours(fd_.get(), "is no shared memory of a fixed size");
  map(static_cast<std::size_t>(about.st_size));
}

void shared_memory::map(std::size_t bytes) {
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (at == MAP_FAILED) fail(bytes);
  bytes_ = {static_cast<std::byte*>(at), bytes};
}

shared_memory::~shared_memory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

void detail::check_shared(const shared_memory& memory, const shared_header& expected, std::size_t least_bytes) {
  shared_header found;
  if (memory.bytes().size() >= sizeof found) std::memcpy(&found, memory.bytes().data(), sizeof found);
  if (found != expected || memory.bytes().size() < least_bytes)
    not_ours(memory.descriptor(), "holds something else than is expected");
}

}  // namespace lakh

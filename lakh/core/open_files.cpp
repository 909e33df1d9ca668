#include <lakh/core/open_files.hpp>

#include <algorithm>
#include <atomic>
#include <limits>

#include <sys/resource.h>

namespace lakh {
namespace {

constexpr rlim_t not_raised = RLIM_INFINITY;
std::atomic<rlim_t> inherited{not_raised};

}  // namespace

open_files_limit open_files() noexcept {
  rlimit files{};
  constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return {no_limit, no_limit};
  return {files.rlim_cur, files.rlim_max};
}

bool raise_open_files(std::uint64_t needed) noexcept {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return true;
  if (files.rlim_cur >= needed) return true;
  const rlim_t before = files.rlim_cur;
  files.rlim_cur = std::min<rlim_t>(needed, files.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) return false;
  rlim_t first = not_raised;
  inherited.compare_exchange_strong(first, before);
  return files.rlim_cur >= needed;
}

void restore_open_files() noexcept {
  const rlim_t before = inherited.load();
  rlimit files{};
  if (before == not_raised || ::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::min(before, files.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace lakh

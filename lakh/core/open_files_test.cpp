#include <lakh/core/open_files.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh {
namespace {

// In a process of its own: a limit that is lowered could not be raised again.
template <class Work> int code_of(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void limit_to(rlim_t now, rlim_t most) {
  const rlimit files{now, most};
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) ::_exit(100);
}

TEST(open_files, the_limit_is_raised_as_far_as_it_may_be_and_never_lowered) {
  EXPECT_EQ(code_of([] {
              limit_to(64, 128);
              if (open_files().now != 64 || open_files().most != 128) return 1;
              if (!raise_open_files(32) || open_files().now != 64) return 2;
              if (!raise_open_files(100) || open_files().now != 100) return 3;
              if (raise_open_files(1000) || open_files().now != 128) return 4;
              return 0;
            }),
            0);
}

TEST(open_files, what_was_inherited_is_given_back_whatever_it_was_raised_to_since) {
  EXPECT_EQ(code_of([] {
              limit_to(64, 128);
              restore_open_files();
              if (open_files().now != 64) return 1;
              if (!raise_open_files(100) || !raise_open_files(120)) return 2;
              restore_open_files();
              return open_files().now == 64 ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace lakh

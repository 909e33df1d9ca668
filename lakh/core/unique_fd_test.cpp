#include <lakh/core/error.hpp>
#include <lakh/core/unique_fd.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lakh {
namespace {

using ::testing::HasSubstr;

class files : public ::testing::Test {
 protected:
  files() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_fd_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
  }
  ~files() override { std::filesystem::remove_all(folder_); }

  static std::string read(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path folder_;
};

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST_F(files, a_descriptor_is_closed_once_by_its_last_owner) {
  int raw = -1;
  {
    unique_fd first = open_file(folder_ / "a", O_RDWR | O_CREAT);
    raw = first.get();
    unique_fd second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the contract
    EXPECT_TRUE(is_open(raw));
    unique_fd& alias = second;
    second = std::move(alias);
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

TEST_F(files, a_released_descriptor_stays_open) {
  unique_fd fd = open_file(folder_ / "a", O_RDWR | O_CREAT);
  const int raw = fd.release();
  fd.reset();
  EXPECT_TRUE(is_open(raw));
  ::close(raw);
}

TEST_F(files, opening_a_missing_file_names_it) {
  try {
    (void)open_file(folder_ / "none", O_RDONLY);
    FAIL();
  } catch (const storage_error& caught) {
    EXPECT_THAT(caught.what(), HasSubstr("none: cannot open it: No such file"));
    EXPECT_EQ(caught.code(), std::errc::no_such_file_or_directory);
  }
}

TEST_F(files, replacing_a_file_leaves_the_new_bytes_and_nothing_else) {
  replace_file(folder_ / "a", "old");
  replace_file(folder_ / "a", "new bytes");
  EXPECT_EQ(read(folder_ / "a"), "new bytes");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(files, a_failed_replacement_leaves_the_old_bytes_and_no_litter) {
  std::filesystem::create_directory(folder_ / "a");
  std::ofstream(folder_ / "a" / "inside") << "x";  // a folder cannot be replaced by a file
  EXPECT_THROW(replace_file(folder_ / "a", "new"), storage_error);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "a" / "inside"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(files, a_lock_has_one_holder) {
  auto first = file_lock::try_take(folder_ / "lock");
  ASSERT_TRUE(first.has_value());
  first->write_holder("process 7\n");
  EXPECT_FALSE(file_lock::try_take(folder_ / "lock").has_value());
  EXPECT_EQ(read(folder_ / "lock"), "process 7\n");
  first.reset();
  EXPECT_TRUE(file_lock::try_take(folder_ / "lock").has_value());
}

TEST_F(files, a_lock_ends_with_its_process_even_when_killed) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = file_lock::try_take(folder_ / "lock");
    const char yes = lock ? 'y' : 'n';
    (void)!::write(ready[1], &yes, 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(file_lock::try_take(folder_ / "lock").has_value());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(file_lock::try_take(folder_ / "lock").has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace lakh

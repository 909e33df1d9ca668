// Marks of a process that is killed, read by the one that comes after it.
#include <lakh/load/begun_marks.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace lakh::load;

class begun : public testing::Test {
 protected:
  begun() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh-begun-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~begun() override { std::filesystem::remove_all(folder_); }

  // What a process leaves that does this and is then killed.
  std::vector<item_range> after_death_of(const std::function<void(begun_marks&)>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      begun_marks marks(folder_, "run-1", 1);
      work(marks);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    return never_begun(folder_, "run-1", 1);
  }

  std::filesystem::path folder_;
};

using ranges = std::vector<item_range>;

TEST_F(begun, what_was_claimed_and_not_begun_is_known_after_kill_9) {
  EXPECT_EQ(after_death_of([](begun_marks& marks) {
              ASSERT_TRUE(marks.there());
              begun_marks::slot* one = marks.open(item_range(100, 5));
              marks.begin_one(*one);
              marks.begin_one(*one);
            }),
            (ranges{{102, 3}}));
}

TEST_F(begun, a_claim_that_is_used_up_or_released_leaves_nothing) {
  EXPECT_EQ(after_death_of([](begun_marks& marks) {
              begun_marks::slot* used = marks.open(item_range(0, 2));
              begun_marks::slot* released = marks.open(item_range(2, 2));
              marks.begin_one(*used);
              marks.begin_one(*used);
              marks.begin_one(*released);
              marks.close(*released);
            }),
            ranges());
}

TEST_F(begun, there_is_room_for_many_claims_and_none_for_too_many) {
  EXPECT_EQ(after_death_of([](begun_marks& marks) {
              begun_marks::slot* first = marks.open(item_range(0, 1));
              for (std::uint64_t i = 1; i < 1024; ++i) ASSERT_NE(marks.open(item_range(10 * i, 1)), nullptr);
              ASSERT_EQ(marks.open(item_range(99999, 1)), nullptr);
              marks.begin_one(*first);
              ASSERT_NE(marks.open(item_range(5, 1)), nullptr);
            }).size(),
            1024U);
}

TEST_F(begun, marks_count_in_their_own_run_and_session_only) {
  (void)after_death_of([](begun_marks& marks) { (void)marks.open(item_range(0, 5)); });
  EXPECT_EQ(never_begun(folder_, "run-1", 1).size(), 1U);
  EXPECT_EQ(never_begun(folder_, "run-1", 2), ranges());
  EXPECT_EQ(never_begun(folder_, "run-2", 1), ranges());
  remove_begun_marks(folder_);
  EXPECT_EQ(never_begun(folder_, "run-1", 1), ranges());
  remove_begun_marks(folder_);  // nothing there: nothing to do
}

TEST_F(begun, of_another_boot_cut_or_changed_they_say_nothing) {
  (void)after_death_of([](begun_marks& marks) { (void)marks.open(item_range(0, 5)); });
  const std::filesystem::path file = folder_ / "begun";
  std::string bytes(std::filesystem::file_size(file), '\0');
  std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto with = [&](const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
    return never_begun(folder_, "run-1", 1);
  };
  EXPECT_EQ(with(bytes).size(), 1U);
  std::string other_boot = bytes;
  other_boot[20] = other_boot[20] == 'a' ? 'b' : 'a';
  EXPECT_EQ(with(other_boot), ranges());
  EXPECT_EQ(with(bytes.substr(0, bytes.size() - 1)), ranges());
  EXPECT_EQ(with(bytes + "x"), ranges());
  EXPECT_EQ(with(""), ranges());
  std::string too_large = bytes;
  for (std::size_t at = 4096; at < too_large.size(); ++at) too_large[at] = '\xff';
  EXPECT_EQ(with(too_large), ranges());
}

TEST_F(begun, an_orderly_end_leaves_no_file) {
  {
    const begun_marks marks(folder_, "run-1", 1);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(begun, without_a_folder_there_are_no_marks) {
  EXPECT_FALSE(begun_marks(folder_ / "none", "run-1", 1).there());
}

}  // namespace

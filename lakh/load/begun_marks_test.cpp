// Marks of a process that is killed, read by the one that comes after it.
#include <lakh/load/begun_marks.hpp>
#include <lakh/load/ledger.hpp>

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
      begun_marks marks(folder_, me);
      work(marks);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    return never_begun(folder_, me);
  }

  const ledger_identity me{"run-1", "00", 1, 7};
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

TEST_F(begun, a_claim_that_is_used_up_leaves_nothing) {
  EXPECT_EQ(after_death_of([](begun_marks& marks) {
              begun_marks::slot* used = marks.open(item_range(0, 2));
              marks.begin_one(*used);
              marks.begin_one(*used);
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

TEST_F(begun, marks_count_for_their_own_run_session_and_writer_only) {
  (void)after_death_of([](begun_marks& marks) { (void)marks.open(item_range(0, 5)); });
  EXPECT_EQ(never_begun(folder_, me).size(), 1U);
  EXPECT_EQ(never_begun(folder_, {"run-1", "00", 2, 7}), ranges());
  EXPECT_EQ(never_begun(folder_, {"run-2", "00", 1, 7}), ranges());
  std::filesystem::copy(folder_ / "begun-7", folder_ / "begun-8");
  EXPECT_EQ(never_begun(folder_, {"run-1", "00", 1, 8}), ranges());
  forget_begun_marks(folder_);
  EXPECT_EQ(never_begun(folder_, me), ranges());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  forget_begun_marks(folder_);  // nothing there: nothing to do
}

TEST_F(begun, of_another_boot_cut_or_changed_they_say_nothing) {
  (void)after_death_of([](begun_marks& marks) { (void)marks.open(item_range(0, 5)); });
  const std::filesystem::path file = folder_ / "begun-7";
  std::string bytes(std::filesystem::file_size(file), '\0');
  std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto with = [&](const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
    return never_begun(folder_, me);
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

TEST_F(begun, what_is_known_stays_until_the_ledger_says_it) {
  {
    begun_marks marks(folder_, me);
    (void)marks.open(item_range(3, 4));
  }
  EXPECT_EQ(never_begun(folder_, me), (ranges{{3, 4}}));
  {
    begun_marks marks(folder_, me);
    (void)marks.open(item_range(3, 4));
    marks.forget();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

// As a resume reads them: each file's marks speak of its own claims.
TEST_F(begun, marks_take_items_out_of_the_claims_of_their_own_file) {
  const ledger_identity before{"run-1", "00", 1, 0};
  const ledger_identity later{"run-1", "00", 2, 1};
  {
    ledger_writer ledger(folder_, before);
    begun_marks marks(folder_, before);
    begun_marks::slot* claim = marks.open(item_range(0, 8));
    ledger.claim(0, 8);
    for (int i = 0; i < 4; ++i) marks.begin_one(*claim);
  }
  {
    ledger_writer ledger(folder_, later);  // gets to some of them only
    begun_marks marks(folder_, later);
    begun_marks::slot* claim = marks.open(item_range(4, 3));
    ledger.claim(4, 3);
    marks.begin_one(*claim);
    marks.begin_one(*claim);
    outcome_batch settled;
    outcome_record one;
    one.item = 4;
    one.state = outcome_state::confirmed;
    settled.append(one);
    ASSERT_TRUE(ledger.submit(settled));
  }
  const item_states says = ledger_reader(folder_).read(8);
  const item_states known = ledger_reader(folder_).read(8, ledger_reading().heed_marks());
  for (std::uint64_t item = 0; item < 8; ++item) {
    EXPECT_EQ(says.get(item), item == 4 ? item_state::confirmed : item_state::claimed) << item;
    EXPECT_EQ(known.get(item), item == 4               ? item_state::confirmed
                               : item < 4 || item == 5 ? item_state::claimed
                                                       : item_state::unclaimed)
        << item;
  }
}

TEST_F(begun, without_a_folder_there_are_no_marks) {
  EXPECT_FALSE(begun_marks(folder_ / "none", me).there());
}

}  // namespace

// What a run's own files wait for before anything is sent: their bytes are synced before they get their name, and the
// name before anybody relies on it. The C library's calls are watched in this program.
#include "power_cuts.hpp"

#include <lakh/load/ledger_writer.hpp>
#include <lakh/load/run_folder.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::vector<std::string>* watched = nullptr;  // by one thread at a time

// Without the process's number, by which a file that is not ready yet is told from another process's.
std::string name_of(std::string_view path) {
  std::string name(path.substr(path.rfind('/') + 1));
  if (const auto at = name.find(".new."); at != std::string::npos) name.resize(at + 4);
  return name;
}

}  // namespace

extern "C" int fsync(int file) {
  if (watched != nullptr) {
    std::array<char, 4096> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    if (::readlink(link.c_str(), path.data(), path.size() - 1) > 0) watched->push_back("sync " + name_of(path.data()));
  }
  return static_cast<int>(::syscall(SYS_fsync, file));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  if (watched != nullptr) watched->push_back("rename " + name_of(from) + " " + name_of(to));
  return static_cast<int>(::syscall(SYS_rename, from, to));
}

namespace lakh::load {
namespace {

using ::testing::ElementsAre;

class watching {
 public:
  watching() { watched = &calls; }
  watching(const watching&) = delete;
  watching& operator=(const watching&) = delete;
  ~watching() { watched = nullptr; }
  std::vector<std::string> calls;
};

run_info named(const char* id) {
  run_info info;
  info.run_id = id;
  return info;
}

TEST(durable_order, a_run_has_all_that_a_resume_needs_before_it_is_begun) {
  const chaos::scratch_folder root;
  const std::string id = "20261122-031500-k7f3q2";
  const watching seen;
  const run_folder made = run_folder::create(root.path(), named(id.c_str()), "items: 1\n");
  EXPECT_THAT(seen.calls,
              ElementsAre("sync plan.yaml.new", "rename plan.yaml.new plan.yaml", "sync " + id, "sync run.json.new",
                          "rename run.json.new run.json", "sync " + id, "sync " + root.path().filename().string()));
}

TEST(durable_order, a_changed_run_json_is_whole_at_any_moment) {
  const chaos::scratch_folder root;
  const std::string id = "20261122-031500-k7f3q2";
  run_folder made = run_folder::create(root.path(), named(id.c_str()), "items: 1\n");
  const watching seen;
  run_info info = made.info();
  info.state = run_state::stopped;
  made.update(std::move(info));
  EXPECT_THAT(seen.calls, ElementsAre("sync run.json.new", "rename run.json.new run.json", "sync " + id));
}

TEST(durable_order, a_ledger_has_its_name_for_good_before_its_first_claim) {
  const chaos::scratch_folder folder;
  const watching seen;
  const ledger_writer writer(folder.path(), ledger_identity("20261122-031500-k7f3q2", "00ff", 1, 0));
  ASSERT_FALSE(seen.calls.empty());
  EXPECT_EQ(seen.calls.front(), "sync " + folder.path().filename().string());
}

}  // namespace
}  // namespace lakh::load

#include "power_cuts.hpp"

#include <lakh/sql/sqlite.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <stdexcept>

#include <unistd.h>

namespace lakh::chaos {
namespace {

power_loss loss_for(std::uint64_t seed, std::uint64_t cut) {
  random_sequence luck(mix(seed, cut));
  const std::uint64_t kind = luck.below(10);
  return {kind == 0   ? survival::nothing
          : kind == 1 ? survival::everything
                      : survival::some,
          luck.next(), luck.below(2) == 0 ? 512U : 4096U};
}

// What stood in a WAL's index when the power went is anything.
void leave_a_stale_index(const std::filesystem::path& image, std::uint64_t seed) {
  random_sequence luck(seed);
  for (const auto& entry : std::filesystem::directory_iterator(image)) {
    std::string name = entry.path().string();
    if (!name.ends_with("-wal")) continue;
    std::ofstream index(name.replace(name.size() - 4, 4, "-shm"), std::ios::binary);
    for (int word = 0; word < 32768 / 8; ++word) {
      const std::uint64_t value = luck.next();
      index.write(reinterpret_cast<const char*>(&value), sizeof value);
    }
  }
}

}  // namespace

scratch_folder::scratch_folder() {
  // In memory where that can be had: thousands of images are made, and none has to outlive anything.
  const std::filesystem::path memory = "/dev/shm";
  const auto where = ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  std::string pattern = (std::filesystem::canonical(where) / "lakh-chaos-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for the test: " + pattern);
  path_ = pattern;
}
scratch_folder::~scratch_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

power_cuts::power_cuts(std::uint64_t seed, std::uint64_t every, memory remember)
    : seed_(seed), every_(every), remember_(std::move(remember)), vfs_(folder_.path(), [this](const change& next) {
        if (next.number % every_ == 0) cut(loss_for(seed_, next.number));
        return SQLITE_OK;
      }) {}

void power_cuts::cut(const power_loss& how) {
  const examination examine = remember_();
  const scratch_folder image;
  vfs_.leave(image.path(), how);
  if (how.seed % 2 == 1) leave_a_stale_index(image.path(), how.seed);
  const ::testing::ScopedTrace trace(__FILE__, __LINE__, describe(++cuts_, how));
  examine(image.path());
}

std::string describe(std::uint64_t cut, const power_loss& how) {
  const char* words = how.survives == survival::nothing      ? "nothing survives"
                      : how.survives == survival::everything ? "everything survives"
                                                             : "some survives";
  return "cut " + std::to_string(cut) + ", " + words + ", seed " + std::to_string(how.seed) + ", sectors of " +
         std::to_string(how.sector);
}

std::string integrity_of(const std::filesystem::path& file) {
  try {
    sql::database db(file, sql::open_options().mode(sql::open_mode::read_write));
    auto check = db.prepare("PRAGMA integrity_check");
    check.start();
    return check.step() ? std::string(check.text(0)) : "no answer";
  } catch (const error& failure) {
    return failure.what();
  }
}

}  // namespace lakh::chaos

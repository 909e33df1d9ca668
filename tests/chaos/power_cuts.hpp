// A folder on a disk that loses its power again and again, while whoever writes there never notices: each cut leaves an
// image of its own, which is examined while the writer waits.
#pragma once

#include "power_loss_vfs.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace lakh::chaos {

// A folder that goes with the test.
class scratch_folder {
 public:
  scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

class power_cuts {
 public:
  // Looks at an image. It may use SQLite and must not touch the folder itself.
  using examination = std::function<void(const std::filesystem::path& image)>;
  // Called right before an image is made: takes down what was promised until now, which the image must keep.
  using memory = std::function<examination()>;

  // Cuts before every `every`-th change, with a power loss that the seed chooses. Examining an image must not throw.
  power_cuts(std::uint64_t seed, std::uint64_t every, memory remember);

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  // One more cut, now.
  void cut(const power_loss& how);

  [[nodiscard]] std::uint64_t cuts() const noexcept { return cuts_; }

 private:
  scratch_folder folder_;
  std::uint64_t seed_;
  std::uint64_t every_;
  memory remember_;
  std::uint64_t cuts_ = 0;
  power_loss_vfs vfs_;  // last: it must not call back into a half-made object
};

// "cut 17, seed 3, some of 512": where an examination failed.
std::string describe(std::uint64_t cut, const power_loss& how);

// Whether SQLite finds nothing wrong in the file; what it finds otherwise.
std::string integrity_of(const std::filesystem::path& file);

}  // namespace lakh::chaos

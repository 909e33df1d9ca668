#include <lakh/actions/file_beside.hpp>
#include <lakh/load/digest.hpp>

#include <array>
#include <fstream>

namespace lakh::actions {
namespace {

constexpr std::size_t most = std::size_t{64} << 20U;

std::filesystem::path path_of(const std::filesystem::path& folder, const config& setting, const std::string& name) {
  return folder / setting.text(name);  // an absolute name stays as it is
}

}  // namespace

std::string read_file_beside(const std::filesystem::path& folder, const config& setting, const std::string& name) {
  const std::filesystem::path path = path_of(folder, setting, name);
  std::ifstream file(path, std::ios::binary);
  std::string content;
  std::array<char, 65536> part;
  // A folder can be opened, and not read.
  while (file.read(part.data(), part.size()) || file.gcount() != 0) {
    content.append(part.data(), static_cast<std::size_t>(file.gcount()));
    if (content.size() > most) setting.fail("'" + path.string() + "' has more than 64 MiB", "a feed can be larger");
  }
  if (!file.eof()) setting.fail("cannot read '" + path.string() + "'", "does the file exist, and may you read it?");
  return content;
}

frozen_file read_frozen_file(const std::filesystem::path& folder, config_reader& settings, const std::string& key) {
  const config& setting = settings.require(key);
  const std::string name = settings.path(key);
  frozen_file file;
  file.content = read_file_beside(folder, setting, name);
  const std::string digest = load::digest_of(file.content);
  if (const config* wanted = settings.find(key + "_sha256");
      wanted != nullptr && wanted->text(name + "_sha256") != digest)
    setting.fail(name + " has changed: " + path_of(folder, setting, name).string() + " has SHA-256 " + digest,
                 "the plan wants " + wanted->text(name + "_sha256") + ": bring the file back, or begin a new run");
  file.frozen = config::mapping({{key + "_sha256", config::scalar(digest)}});
  return file;
}

}  // namespace lakh::actions
